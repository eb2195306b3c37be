import { nearestNames } from './core/nearest.js';
import type { Inputs } from './inputs.js';
import type { Report } from './report/report.js';
import type { Source } from './sources/source.js';

/** A hint is worth no longer wait. */
const PATIENCE_MS = 3000;

/** Adds to the report of an Application that does not exist the names of those most like it. */
export async function missingHint(
  report: Report,
  inputs: Pick<Inputs, 'applicationNamespace'>,
  source: Source,
  cancelled: AbortSignal,
): Promise<Report> {
  const missing = report.applications.find((each) => each.reason === 'missing');
  if (report.reason !== 'missing' || report.conclusion === 'skipped' || !missing) return report;
  const signal = AbortSignal.any([cancelled, AbortSignal.timeout(PATIENCE_MS)]);
  const slash = missing.application.indexOf('/');
  const namespace = slash < 0 ? inputs.applicationNamespace : missing.application.slice(0, slash);
  const wanted = namespace === '*' ? missing.application : missing.application.slice(slash + 1);
  const near = nearestNames(wanted, await source.names(namespace, signal));
  const hint =
    near.length > 0
      ? `Did you mean ${near.join(', ')}?`
      : 'Check `application`, `application-namespace` and `selector`; with `if-missing: wait` the step waits for it.';
  return { ...report, message: `${report.message}. ${hint}`.slice(0, 2000) };
}
