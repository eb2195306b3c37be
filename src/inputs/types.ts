import type { Policy } from '../core/decision/state.js';
import type { RevisionRequest, RunOrigin } from '../core/decision/target.js';
import type { Filter } from '../core/filters/filter.js';
import type { ChangeClass } from '../core/result/vocabulary.js';

/** Everything a run is told, read once, checked, frozen. Durations in milliseconds. */
export interface Inputs extends Policy {
  readonly source: 'cluster' | 'argocd' | 'event';
  /** As the user wrote them: `name`, `namespace/name`, globs. */
  readonly applications: readonly string[];
  readonly selector: string;
  /** `*`: all namespaces. */
  readonly applicationNamespace: string;
  /** So many Applications must be found; above 1, fewer are waited for. */
  readonly minApplications: number;
  readonly access: Access;
  readonly revision: RevisionRequest;
  /** 0: look once. */
  readonly timeoutMs: number;
  readonly trigger: 'none' | 'refresh' | 'hard-refresh' | 'sync';
  readonly failFast: boolean;
  readonly filters: readonly Filter[];
  readonly changes: readonly ChangeClass[];
  readonly liveEvidence: 'auto' | 'off';
  readonly fields: 'auto' | 'off' | 'paths' | 'values';
  readonly pollIntervalMs: number;
  readonly githubToken: string;
  /** URL without a slash at its end; empty: none. */
  readonly argocdServer: string;
  /** Given with `source: argocd` only. */
  readonly argocdToken: string;
  readonly summary: boolean;
  readonly run: RunContext;
}

/** How to get into the cluster, as the inputs say it. */
export interface Access {
  /** YAML text (decoded if it was base64), or empty. */
  readonly kubeconfig: string;
  readonly context: string;
  readonly server: string;
  readonly token: string;
  /** Of tokens that GitHub mints, to be presented to `server`; empty: none. */
  readonly oidcAudience: string;
  /** PEM, or empty: the system's. */
  readonly certificateAuthority: string;
  readonly insecureSkipTlsVerify: boolean;
  /** `KUBECONFIG` of the environment, for when no access input is given. */
  readonly kubeconfigEnv: string;
  readonly home: string;
}

/** What GitHub says of this run. */
export interface RunContext extends RunOrigin {
  readonly apiUrl: string;
  readonly runUrl: string;
  readonly actor: string;
  readonly eventName: string;
  /** File with the event that started the run; empty: there is none. */
  readonly eventPath: string;
  readonly workspace: string;
  /** Directory for the results file. */
  readonly tempDir: string;
}
