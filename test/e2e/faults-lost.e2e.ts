import { faultMatrix } from "./fault-matrix";

faultMatrix("error", "lost-answer");
