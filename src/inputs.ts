import type { Filter, Pattern } from './core/filters.js';
import type { ChangeClass } from './core/result.js';

/** Everything a run is told, read once, checked, frozen. Durations in milliseconds. */
export interface Inputs {
  readonly source: 'cluster' | 'argocd' | 'event';
  /** As the user wrote them: `name`, `namespace/name`, globs. */
  readonly applications: readonly string[];
  readonly selector: string;
  /** `*`: all namespaces. */
  readonly applicationNamespace: string;
  readonly access: Access;
  readonly revision: RevisionInput;
  readonly waitFor: readonly WaitFor[];
  readonly waitResources: readonly Pattern[];
  /** 0: look once. */
  readonly timeoutMs: number;
  readonly trigger: 'none' | 'refresh' | 'hard-refresh' | 'sync';
  readonly ifMissing: 'fail' | 'wait' | 'skip';
  /** Infinity: `never`. */
  readonly degradedGraceMs: number;
  readonly suspended: 'wait' | 'succeed' | 'fail';
  readonly failFast: boolean;
  readonly retries: 'wait' | 'fail';
  readonly filters: readonly Filter[];
  readonly changes: readonly ChangeClass[];
  readonly liveEvidence: 'auto' | 'off';
  readonly pollIntervalMs: number;
  readonly githubToken: string;
  readonly argocdServer: string;
  readonly summary: boolean;
  readonly run: RunContext;
}

export type WaitFor = 'operation' | 'sync' | 'health' | 'deletion' | 'nothing';

export type RevisionInput =
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  | { readonly kind: 'revision'; readonly text: string };

/** How to get into the cluster, as the inputs say it. */
export interface Access {
  /** YAML text (decoded if it was base64), or empty. */
  readonly kubeconfig: string;
  readonly context: string;
  readonly server: string;
  readonly token: string;
  /** PEM, or empty: the system's. */
  readonly certificateAuthority: string;
  readonly insecureSkipTlsVerify: boolean;
  /** `KUBECONFIG` of the environment, for when no access input is given. */
  readonly kubeconfigEnv: string;
  readonly home: string;
}

/** What GitHub says of this run. */
export interface RunContext {
  /** `owner/name` */
  readonly repository: string;
  /** `https://github.com`, or that of a GitHub Enterprise Server. */
  readonly serverUrl: string;
  readonly apiUrl: string;
  readonly runUrl: string;
  readonly actor: string;
  readonly eventName: string;
  readonly workspace: string;
  /** Directory for the results file. */
  readonly tempDir: string;
  /** The commit that `revision: auto` means, or why there is none. */
  readonly commit:
    | {
        readonly kind: 'commit';
        readonly sha: string;
        readonly ref: string;
        readonly defaultBranch: string;
      }
    | { readonly kind: 'none'; readonly why: string };
}
