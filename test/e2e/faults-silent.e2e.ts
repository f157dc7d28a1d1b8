import { faultMatrix } from "./fault-matrix";

faultMatrix("throttle", "timeout");
