/** An error as AWS answers it. Thrown by the operations, written in the caller's protocol by the router. */
export class AwsError extends Error {
  readonly code: string;
  /** HTTP status; AWS uses 400 for most of a caller's mistakes. */
  readonly status: number;
  /** Members beside the message that REST-JSON services put into the body (`clusterName`, `nodegroupName` …). */
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(code: string, message: string, status = 400, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = "AwsError";
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

export const validationError = (message: string): AwsError => new AwsError("ValidationError", message);
export const invalidRequest = (message: string, fields: Readonly<Record<string, unknown>> = {}): AwsError =>
  new AwsError("InvalidRequestException", message, 400, fields);
