import type { Agent, OutgoingHttpHeaders } from 'node:http';
import type { Log } from '../platform/log.js';

/** How to reach an API server, and as whom. */
export interface Connection {
  /** The server as messages call it: never with credentials. */
  readonly name: string;
  /** Without a slash at the end; may have a path. */
  readonly base: string;
  /** How the server is to be recognised. */
  readonly trust: Trust;
  /** False: no input says by which authority, as `certificate-authority` is for another server. */
  readonly takesAuthority?: false;
  /**
   * Who asks, for one request.
   * @param fresh the last credentials were refused: nothing remembered is used
   * @param signal ends the wait for them
   * @throws TerminalError or TransientError
   */
  credentials(fresh: boolean, signal: AbortSignal): Credentials | Promise<Credentials>;
  /** A pool of connections of its own, by way of the proxy if there is one. */
  agent(): Promise<Agent>;
  /** By which it is reached; without one it is reached directly. */
  readonly proxy?: URL;
}

export interface Trust {
  readonly ca?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: false;
}

export interface Credentials {
  readonly headers: Readonly<OutgoingHttpHeaders>;
  readonly cert?: string;
  readonly key?: string;
}

/** What a connection needs from the run beside its inputs. */
export interface ConnectionDependencies {
  /** The process's environment: proxies, the service account of a pod, exec plugins. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Is told every secret before anything can print it: values only, never whole files. */
  readonly mask: (secret: string) => void;
  /**
   * Mints tokens for `server` in place of `token` (GitHub's OIDC).
   * @param fresh the last one was refused
   */
  readonly mintToken?: (fresh: boolean, signal: AbortSignal) => Promise<string>;
  /** How long an exec plugin may take, in milliseconds; default 30 s. */
  readonly pluginTimeoutMs?: number;
  /** Where a pod has its service account. */
  readonly serviceAccount?: string;
}
