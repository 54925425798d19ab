/** The server's problem details (RFC 9457), as an error. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    /** The parameter or member that is wrong, where the server names one. */
    readonly field: string | null = null,
    /** All members of the problem document. */
    readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
    this.name = "ProblemError";
  }
}

/** No answer came: the server is down, or the way to it is cut. */
export class LostServerError extends Error {
  constructor() {
    super(
      "The server does not answer. Is `spanfold serve` still running? The page goes on by itself once it answers.",
    );
    this.name = "LostServerError";
  }
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** The parameter of the first of a problem's `errors`. */
function fieldOf(errors: unknown): string | null {
  const first: unknown = Array.isArray(errors) ? errors[0] : null;
  return typeof first === "object" && first !== null
    ? text((first as Record<string, unknown>).parameter)
    : null;
}

/** The error that a refused request stands for. */
export function problemOf(status: number, body: unknown): ProblemError {
  const members = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const title = text(members.title) ?? `the server answered ${status}`;
  const detail = text(members.detail) ?? text(body) ?? title;
  return new ProblemError(status, title, detail, fieldOf(members.errors), members);
}
