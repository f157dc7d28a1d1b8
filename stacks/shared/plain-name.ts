/** Names of environments, members and services, as they may stand in names of stacks, clusters and load balancers. */
export const plainName = /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/;

/** One label of Kubernetes' names: of namespaces, Services and the like. */
export const labelName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** A DNS subdomain, as most objects of Kubernetes are named. */
export const objectName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
/** IAM's rule for names of roles, without a path. */
export const roleName = /^[\w+=,.@-]{1,64}$/;
/** What ARNs and ids of AWS are made of: nothing of it means anything to a shell or in a path of its own. */
export const identifier = /^[\w+=,.@:/-]{1,2048}$/;
/** EKS's rule for names of clusters. */
export const clusterName = /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/;
export const regionName = /^[a-z]{2,}(-[a-z]+)+-\d+$/;
