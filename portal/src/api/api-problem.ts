/** Why a call brought no answer. `code` and `message` are the server's own where it gave any. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  /** Names the request in the server's log. */
  readonly target: string | null;
  readonly retryAfterSeconds: number | null;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { target?: string | undefined; retryAfterSeconds?: number | null } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.target = more.target ?? null;
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }

  /** Whether the same call may succeed a little later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }

  static async of(response: Response): Promise<ApiProblem> {
    const text = await response.text();
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    const retryAfterSeconds = Number.isFinite(retryAfter) ? retryAfter : null;
    const error = errorIn(text);
    return new ApiProblem(
      response.status,
      error?.code ?? `HTTP ${response.status}`,
      error?.message || 'The server gave no reason.',
      { target: error?.target, retryAfterSeconds },
    );
  }
}

function errorIn(text: string): { code?: string; message?: string; target?: string } | undefined {
  try {
    return (JSON.parse(text) as { error?: { code?: string; message?: string; target?: string } }).error;
  } catch {
    return undefined;
  }
}
