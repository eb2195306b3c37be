import type { ApplicationResult } from '../core/result/vocabulary.js';
import type { Inputs } from '../inputs/types.js';
import { inTime } from '../platform/abort.js';
import type { RunDependencies } from '../platform/dependencies.js';
import { type Report, succeeded } from '../report/report.js';
import type { Source } from '../sources/source.js';
import type { Outcome } from '../wait/waits.js';

type NameInputs = Pick<Inputs, 'applications' | 'applicationNamespace'>;
type HintDependencies = Pick<RunDependencies, 'clock' | 'cancelled'>;

/** A hint is worth no longer wait. */
const PATIENCE_MS = 3000;

/**
 * Adds to a report what helps a person: links to the Argo CD UI, names like a missing one, and what
 * refused credentials say about themselves.
 */
export async function withHints(
  report: Report,
  { ends }: Pick<Outcome, 'ends'>,
  inputs: Pick<Inputs, 'source' | 'access' | 'argocdServer'> & NameInputs,
  source: Source,
  credentials: string,
  dependencies: HintDependencies,
): Promise<Report> {
  if (dependencies.cancelled.aborted) return report;
  if (report.reason === 'unauthorized') return withCredential(report, inputs, credentials);
  const linked = await withLinks(report, ends, inputs, source, dependencies);
  return withNearNames(linked, inputs, source, dependencies);
}

/** @param claims what the credential says of itself; empty where it says nothing */
function withCredential(
  report: Report,
  { source, access }: Pick<Inputs, 'source' | 'access'>,
  claims: string,
): Report {
  const remedy = lines(report.remedy, claims);
  // Argo CD takes no other credential than the one that the message names.
  if (source === 'argocd') return { ...report, remedy };
  return { ...report, remedy, message: `${report.message}. Used: ${credentialOf(access)}` };
}

/** Which credential a run shows to the cluster, as its inputs name it. */
function credentialOf(access: Inputs['access']): string {
  if (access.oidcAudience !== '')
    return `an OIDC token of GitHub (oidc-audience: ${access.oidcAudience})`;
  if (access.token !== '') return 'the input `token`';
  const user = access.context === '' ? 'the current user' : `the user of context ${access.context}`;
  if (access.kubeconfig) return `${user} of the input \`kubeconfig\``;
  if (access.kubeconfigEnv !== '') return `${user} of the file that KUBECONFIG names`;
  return 'the service account of the runner, or the kubeconfig in its home directory';
}

async function withLinks(
  report: Report,
  ends: Outcome['ends'],
  { argocdServer }: Pick<Inputs, 'argocdServer'>,
  source: Source,
  { clock, cancelled }: HintDependencies,
): Promise<Report> {
  const [application] = [...ends.values()].flatMap((each) => each.application ?? []);
  if (!application) return report;
  const namespace = application.controllerNamespace || application.namespace;
  const address =
    argocdServer ||
    (await inTime(clock, PATIENCE_MS, cancelled, (signal) =>
      source.uiAddress(namespace, signal),
    )) ||
    '';
  return withAddress(report, [...ends.keys()], address);
}

/**
 * Links the Applications to their pages.
 * @param keys `namespace/name` of the report's Applications, in their order
 * @param address of the Argo CD UI; empty: not known
 */
export function withAddress(report: Report, keys: readonly string[], address: string): Report {
  if (!/^https?:\/\//.test(address)) return report;
  const applications = report.applications.map((result, i) => {
    if (standsForOthers(result)) return result;
    const url = `${address.replace(/(?<!\/)\/+$/, '')}/applications/${keys[i] ?? ''}`;
    return { ...result, url };
  });
  return { ...report, applications };
}

/** Of those that it generates, a token may not see all. */
function withSetHint(report: Report, source: Source): Report {
  const next = report.conclusion === 'timeout' ? report.remedy : WAIT_FOR_SET;
  return { ...report, remedy: lines(CHECK_SET, next, source.absenceHint ?? '') };
}

const CHECK_SET =
  'Check `applicationset`, `application-namespace` and, in Argo CD, the generators of the ApplicationSet.';
const WAIT_FOR_SET = `To wait for it, and for the first Application that it generates:
with:
  if-missing: wait`;

/** Those of the texts that say anything. */
function lines(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n');
}

/** It is no Application, but stands for those that are still to come. */
function standsForOthers({ rule = '' }: ApplicationResult): boolean {
  return rule === 'too-few' || rule.startsWith('applicationset-');
}

async function withNearNames(
  report: Report,
  inputs: NameInputs,
  source: Source,
  dependencies: HintDependencies,
): Promise<Report> {
  const missing = report.applications.find((each) => each.reason === 'missing');
  if (report.reason !== 'missing' || succeeded(report) || !missing) return report;
  // Some were found under that name, and the message has them; or no input names it.
  if (missing.rule === 'too-few' || missing.parent !== undefined) return report;
  if (missing.rule?.startsWith('applicationset-')) return withSetHint(report, source);
  const near = await namesLike(missing.application, inputs, source, dependencies);
  const more =
    report.conclusion === 'timeout' ? '' : '; with `if-missing: wait` the step waits for it';
  const hint =
    near.length > 0
      ? `Did you mean ${near.join(', ')}?`
      : `Check \`application\`, \`application-namespace\` and \`selector\`${more}.`;
  const remedy = lines(report.remedy, source.absenceHint ?? '');
  return { ...report, message: `${report.message}. ${hint}`, remedy };
}

/** @param missing as the input names it; a selector has no name */
async function namesLike(
  missing: string,
  { applications, applicationNamespace }: NameInputs,
  source: Source,
  { clock, cancelled }: HintDependencies,
): Promise<readonly string[]> {
  if (applications.length === 0) return [];
  const slash = missing.indexOf('/');
  const namespace = slash < 0 ? applicationNamespace : missing.slice(0, slash);
  const wanted = namespace === '*' ? missing : missing.slice(slash + 1);
  const { nearestNames } = await import('./nearest-names.js');
  const ask = (signal: AbortSignal) => source.names(namespace, signal);
  return nearestNames(wanted, (await inTime(clock, PATIENCE_MS, cancelled, ask)) ?? []);
}
