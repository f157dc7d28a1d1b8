import { rehearsesWeighted } from "./weighted-scenario";

rehearsesWeighted("alb-weighted", "requests in steps, Application Load Balancer");
