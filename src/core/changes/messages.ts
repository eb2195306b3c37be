/** What an apply can have done to a resource. */
export type ApplyOutcome = 'created' | 'updated' | 'unchanged';

export const ALL_OUTCOMES: readonly ApplyOutcome[] = ['created', 'updated', 'unchanged'];

/**
 * What each verb leaves open. `created`, `unchanged`, `configured` and `serverside-applied` are
 * those of kubectl apply, `replaced` is that of kubectl replace; `updated` is what Argo CD itself
 * says of a CustomResourceDefinition or Namespace that it replaces.
 */
const VERBS: ReadonlyMap<string, readonly ApplyOutcome[]> = new Map([
  ['created', ['created']],
  ['unchanged', ['unchanged']],
  ['configured', ['updated', 'unchanged']],
  ['replaced', ['updated', 'unchanged']],
  ['updated', ['updated', 'unchanged']],
  ['serverside-applied', ALL_OUTCOMES],
]);

/**
 * The outcomes that Argo CD's message on a resource leaves open. It is what kubectl printed on
 * standard output, then what it printed on standard error: one line or several, with warnings.
 * A message that says nothing of an apply, such as that of a health check, leaves all of them open.
 * Linear in the length of the message, which others write.
 * @param cut the message is without its middle
 */
export function applyOutcomes(message: string, cut = false): readonly ApplyOutcome[] {
  const statements = statementsOf(message);
  const [first = ''] = statements;
  if (isReconciliation(first)) return reconciliationOutcomes(message, statements, cut);
  // `--force` deletes the object and creates it again.
  const recreated = statements.some(isDeletion) && statements.some(isCreation);
  if (recreated) return ['updated'];
  return statements.map(verbOutcomes).find((each) => each !== undefined) ?? ALL_OUTCOMES;
}

/** Standard output and standard error are joined by a period, each may have several lines. */
function statementsOf(message: string): readonly string[] {
  return message.split(/\n|\. /);
}

/** `deployment.apps/web configured`, and nothing else: a dry run has a suffix, and did nothing. */
function verbOutcomes(statement: string): readonly ApplyOutcome[] | undefined {
  return VERBS.get(afterObject(statement) ?? '');
}

/** What a statement such as `deployment.apps/web configured` says of its object. */
function afterObject(statement: string): string | undefined {
  const space = statement.indexOf(' ');
  const isObject = space > 0 && statement.slice(0, space).includes('/');
  return isObject ? statement.slice(space + 1) : undefined;
}

/** `job.batch "migrate" deleted`, or `force deleted`; of late with ` from shop namespace`. */
function isDeletion(statement: string): boolean {
  const [, name, said = ''] = statement.split('"', 3);
  return name !== undefined && /^ (?:force )?deleted(?: from \S+ namespace)?$/.test(said);
}

function isCreation(statement: string): boolean {
  const verb = afterObject(statement);
  return verb === 'replaced' || verb === 'created';
}

/**
 * RBAC objects are reconciled before they are applied, and the message on the one goes before that
 * on the other, in some versions with nothing in between: `role…/web reconciledrole…/web unchanged`.
 */
function isReconciliation(statement: string): boolean {
  return afterObject(statement)?.startsWith('reconciled') ?? false;
}

const REQUIRED = 'reconciliation required ';
const REQUIREMENTS = ['create', 'update', 'recreate'];

function reconciliationOutcomes(
  message: string,
  statements: readonly string[],
  cut: boolean,
): readonly ApplyOutcome[] {
  const at = message.indexOf(REQUIRED);
  if (at < 0) return cut ? ALL_OUTCOMES : appliedAfterwards(statements);
  if (message.includes('object opted out')) return ['updated', 'unchanged'];
  // Without rules or subjects to list, the next message follows: `… required createrole…/web`.
  const required = REQUIREMENTS.find((each) => message.startsWith(each, at + REQUIRED.length));
  if (required === undefined) return ALL_OUTCOMES;
  return required === 'create' ? ['created'] : ['updated'];
}

/** Nothing was required: labels and annotations are applied all the same. */
function appliedAfterwards(statements: readonly string[]): readonly ApplyOutcome[] {
  const untouched = statements.some((each) => each.endsWith(' unchanged'));
  return untouched ? ['unchanged'] : ['updated', 'unchanged'];
}
