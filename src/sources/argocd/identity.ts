import { list, record, text } from '../../http/json.js';

/** As whom Argo CD knows a run that has logged in, by the claims of its tokens. */
export interface ArgocdIdentity {
  /** What policies are matched with, exactly. */
  readonly subject: string;
  /** GitHub's number of the repository; empty: not told. */
  readonly repositoryId: string;
  readonly groups: readonly string[];
}

/** Of the claims that are read; a real token has some 2 KB. */
const LONGEST_CLAIM = 1024;
const MOST_GROUPS = 100;

/**
 * @param claims of the token that Argo CD's Dex has given: its subject is the upstream one
 * @param github the claims of GitHub's token, for what the other does not tell
 */
export function identityFrom(
  claims: Readonly<Record<string, unknown>>,
  github: { readonly sub: string; readonly repositoryId: string },
): ArgocdIdentity {
  const upstream = text(record(claims['federated_claims']).user_id);
  const groups = list(claims['groups'])
    .map(text)
    .filter((group) => group !== '');
  return {
    subject: (upstream || github.sub).slice(0, LONGEST_CLAIM),
    repositoryId: github.repositoryId,
    groups: groups.slice(0, MOST_GROUPS),
  };
}

/**
 * The lines for argocd-rbac-cm that let exactly this run do something: by subject, or by repository.
 * @param object `PROJECT/APPLICATION`
 * @param resource what kind of object it is, as policies call it
 */
export function policyForRun(
  { subject, repositoryId, groups }: ArgocdIdentity,
  object: string,
  actions: readonly string[],
  resource = 'applications',
): string {
  const rules = (who: string) =>
    actions.map((action) => `p, ${field(who)}, ${resource}, ${action}, ${field(object)}, allow`);
  return [
    `This run is logged in as ${subject}. Allow it in argocd-rbac-cm (\`policy.csv\`), by this subject alone:`,
    ...rules(subject),
    subjectNote(subject),
    ...(repositoryId === '' ? [] : byRepository(repositoryId, groups, rules('role:ci'))),
    "Argo CD's Dex does not check the audience of GitHub's tokens, so any token of this subject is accepted: keep the policy narrow, and never write */* in it. Argo CD takes some seconds to read a changed policy.",
  ].join('\n');
}

function subjectNote(subject: string): string {
  if (subject.endsWith(':pull_request')) {
    return '(This is the subject of every pull request of the repository, whose code nobody has reviewed yet: allow no more than `get`.)';
  }
  return '(Every branch, tag, environment and pull request has a subject of its own.)';
}

function byRepository(
  repositoryId: string,
  groups: readonly string[],
  rules: readonly string[],
): readonly string[] {
  const mapped = groups.includes(repositoryId)
    ? 'which is among the groups of this login'
    : `once the connector has \`insecureEnableGroups: true\` and \`claimMapping: { groups: repository_id }\`, and argocd-rbac-cm has \`scopes: '[groups]'\``;
  return [
    `Or allow every run of the repository, by its id, ${mapped}:`,
    ...rules,
    `g, ${field(repositoryId)}, role:ci`,
  ];
}

/** A field of a CSV: a branch may have commas and quotes in its name. */
function field(value: string): string {
  return /[",]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
