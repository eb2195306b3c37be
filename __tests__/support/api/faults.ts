import type { ResourceKind } from './kinds.ts';

/**
 * What goes wrong with one request. `afterEvents` counts the lines of a watch (bookmarks too) that
 * are still delivered well; in an answer that is not a stream it is ignored.
 */
export type Fault =
  /** An HTTP error; `retryAfter` in seconds. Without a body: the Status an API server would send. */
  | {
      readonly kind: 'status';
      readonly code: number;
      readonly retryAfter?: number;
      readonly body?: string;
      /** Beside the usual ones, or in their place. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection is reset before any answer. */
  | { readonly kind: 'reset' }
  /** The request is accepted and never answered, not even with headers. */
  | { readonly kind: 'hang' }
  /** The connection is reset in the middle of a line, or of the body. */
  | { readonly kind: 'resetMidLine'; readonly afterEvents?: number }
  /** The stream ends in good order; a body that is not a stream ends half-way. */
  | { readonly kind: 'close'; readonly afterEvents?: number }
  /** Headers, the events so far, then nothing more on an open connection. */
  | { readonly kind: 'silence'; readonly afterEvents?: number }
  /** A line that is not JSON, say of a proxy; the stream goes on after it. */
  | { readonly kind: 'garbage'; readonly afterEvents?: number; readonly text?: string }
  /** An event out of the blue, for example ERROR; the stream ends after an ERROR. */
  | { readonly kind: 'event'; readonly afterEvents?: number; readonly event: object }
  | { readonly kind: 'delay'; readonly ms: number; readonly then?: Fault };

export const GARBAGE = '<html><body>502 Bad Gateway</body></html>';

export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: object;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: string;
  readonly details?: object;
  readonly code: number;
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** An error as Kubernetes words it. */
export function failure(code: number, message: string, details?: object): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: REASONS[code] ?? 'Unknown',
    ...(details ? { details } : {}),
    code,
  };
}

/** A combination of list options that the server does not take. */
export function invalidOption(field: string, why: string, code: 400 | 422 = 422): Status {
  const message = `ListOptions.meta.k8s.io "" is invalid: ${field}: Forbidden: ${why}`;
  return failure(code, message, { group: 'meta.k8s.io', kind: 'ListOptions' });
}

export function notFound({ group, plural }: ResourceKind, name: string): Status {
  const subject = group ? `${plural}.${group}` : plural;
  const details = { name, ...(group ? { group } : {}), kind: plural };
  return failure(404, `${subject} "${name}" not found`, details);
}
