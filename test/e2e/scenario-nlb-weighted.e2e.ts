import { rehearsesWeighted } from "./weighted-scenario";

rehearsesWeighted("nlb-weighted", "connections in steps, Network Load Balancer");
