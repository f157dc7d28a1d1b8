/** Names of environments, members and services, as they may stand in names of stacks, clusters and load balancers. */
export const plainName = /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/;
