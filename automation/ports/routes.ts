/** Where a load balancer is told which target groups get how much: a listener's default action, or a rule's. */

export interface Route {
  readonly loadBalancerArn: string;
  readonly listenerArn: string;
  /** null: the listener's default action. */
  readonly ruleArn: string | null;
}

export interface RouteWeights {
  readonly listenerArn: string;
  readonly ruleArn: string | null;
  /**
   * By target group ARN, every group that the action forwards to, those at 0 included: 0 to 999. None when it forwards
   * nowhere (a redirect, a fixed answer). null: there is no such listener or rule.
   */
  readonly weights: Readonly<Record<string, number>> | null;
}

/** Of a request through the load balancer, `host` too: by these it knows whose request it is. */
export type RequestHeaders = Readonly<Record<string, string>>;
