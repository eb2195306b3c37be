import type { Policy } from '../core/decision/state.js';
import type { RevisionRequest, RunOrigin } from '../core/decision/target.js';
import type { Filter } from '../core/filters/filter.js';
import type { ChangeClass } from '../core/result/vocabulary.js';

/** Everything a run is told, read once, checked, frozen. Durations in milliseconds. */
export interface Inputs extends Policy {
  readonly source: 'cluster' | 'argocd' | 'event';
  /** As the user wrote them: `name`, `namespace/name`, globs. */
  readonly applications: readonly string[];
  /** `name` or `namespace/name` of ApplicationSets; none with `applications` or `selector`. */
  readonly applicationSets: readonly string[];
  readonly selector: string;
  /** `*`: all namespaces. */
  readonly applicationNamespace: string;
  /** So many Applications must be found; above 1, fewer are waited for. */
  readonly minApplications: number;
  /** The Applications that those manage are waited for too, at any depth. */
  readonly children: boolean;
  readonly access: Access;
  readonly revision: RevisionRequest;
  /** 0: look once. */
  readonly timeoutMs: number;
  readonly trigger: 'none' | 'refresh' | 'hard-refresh' | 'sync';
  /** When a container of the new version can never start. */
  readonly podFailures: 'fail' | 'wait';
  /** When auto-sync is off and no sync was requested. */
  readonly ifNotAutomated: 'wait' | 'fail';
  readonly failFast: boolean;
  readonly filters: readonly Filter[];
  readonly changes: readonly ChangeClass[];
  readonly liveEvidence: 'auto' | 'off';
  readonly fields: 'auto' | 'off' | 'paths' | 'values';
  /** So many last lines of a failed container's log; 0: none. */
  readonly logLines: number;
  readonly pollIntervalMs: number;
  /** Absent: only what the target changed is reported. */
  readonly reportedUpTo?: SinceRequest;
  /** What is written to GitHub at the end. */
  readonly report: readonly ReportKind[];
  readonly githubToken: string;
  /** URL without a slash at its end; empty: none. */
  readonly argocdServer: string;
  /** Empty with `source: argocd`: log in with GitHub's OIDC token. With another source, for looking within resources. */
  readonly argocdToken: string;
  /** Id of the Dex connector that trusts GitHub's OIDC tokens; empty: found by asking the server. */
  readonly argocdConnector: string;
  readonly summary: boolean;
  readonly run: RunContext;
}

/** What the input `since` names: a commit, or the head of the last successful run. */
export type SinceRequest =
  | { readonly kind: 'last-success' }
  | { readonly kind: 'revision'; readonly text: string };

export type ReportKind = 'deployment' | 'check' | 'comment';

/** How to get into the cluster, as the inputs say it. */
export interface Access {
  /** What its YAML says; undefined: not given. */
  readonly kubeconfig: Readonly<Record<string, unknown>> | undefined;
  readonly context: string;
  readonly server: string;
  readonly token: string;
  /**
   * Of tokens that GitHub mints, to be presented to `server`; empty: none. With `source: argocd` of
   * those that Argo CD exchanges; empty: its URL.
   */
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
  /** Of GitHub's REST API, or that of a GitHub Enterprise Server; no slash at the end. */
  readonly apiUrl: string;
  readonly runUrl: string;
  /** `GITHUB_WORKFLOW_REF`: `owner/name/.github/workflows/file.yml@ref`; empty: not known. */
  readonly workflowRef: string;
  /** The branch or tag of this run; for a pull request its head. Empty: not known. */
  readonly branch: string;
  readonly actor: string;
  readonly eventName: string;
  /** File with the event that started the run; empty: no event. */
  readonly eventPath: string;
  readonly workspace: string;
  /** Directory for the results file. */
  readonly tempDir: string;
}
