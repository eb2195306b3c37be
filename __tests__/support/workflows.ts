import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { parse } from 'yaml';
import { FIXED_OUTPUTS, outputNamesOf } from '../../src/core/result/output-names.js';
import { readInputs } from '../../src/inputs/index.js';
import { InputError } from '../../src/platform/errors.js';
import { ROOT } from './action.ts';

/** What is read of workflows in documents and examples. */
export interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly if?: unknown;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

export interface Job {
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix?: unknown };
  readonly steps?: readonly Step[];
}

export interface Workflow {
  readonly on?: unknown;
  readonly permissions?: unknown;
  readonly concurrency?: unknown;
  readonly jobs?: Readonly<Record<string, Job>>;
}

/** What every example uses. `npm run owner` replaces the owner here too. */
export const ACTION = 'OWNER/argocd-post-sync@v1';

export function isOurs(step: Step): boolean {
  return step.uses?.replace(/@.*/, '') === ACTION.replace(/@.*/, '');
}

const PEMS = await generate([{ name: 'commonName', value: 'docs-ca' }]);
const KUBECONFIG = 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: [{ name: production }]\n';

/** What an expression may stand for, by the input that it is given to. */
function standInFor(input: string, text: string): string {
  if (!text.includes('${{')) return text;
  switch (input) {
    case 'certificate-authority':
      return PEMS.cert;
    case 'kubeconfig':
      return KUBECONFIG;
    case 'server':
    case 'argocd-server':
      return 'https://kubernetes.example.com';
    case 'revision':
      return '0123456789abcdef0123456789abcdef01234567';
    default:
      return text.replaceAll(/\$\{\{.*?\}\}/g, 'word');
  }
}

/** The problems that the action would have with the inputs of a step. */
export async function problemsWith(step: Step): Promise<readonly string[]> {
  const given = Object.entries({ ...step.with }).map(([name, value]) => {
    return [`INPUT_${name.toUpperCase()}`, standInFor(name, String(value))] as const;
  });
  const env: Record<string, string> = Object.fromEntries(given);
  // Blocks about the way in leave out what is waited for.
  const named = env['INPUT_SELECTOR'] ?? env['INPUT_APPLICATIONSET'];
  if (!named) env['INPUT_APPLICATION'] ??= 'shop';
  try {
    await readInputs(env, () => 'web: Deployment/web');
    return [];
  } catch (thrown) {
    if (thrown instanceof InputError) return thrown.problems;
    throw thrown;
  }
}

/** Names of all outputs of a step of this action. */
export function outputsIn(step: Step): readonly string[] {
  const filters: unknown = parse(String(step.with?.['filters'] ?? ''));
  const names = typeof filters === 'object' ? Object.keys(filters ?? {}) : [];
  return [...FIXED_OUTPUTS, ...names.flatMap(outputNamesOf)];
}

/** Outputs that a text uses and that neither its steps nor its jobs have. */
export function unknownOutputs(text: string, jobs: Readonly<Record<string, Job>>): string[] {
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);
  const ofSteps = [...text.matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)].filter(
    ([, id, output = '']) => {
      const step = steps.find((each) => each.id === id);
      return !step || (isOurs(step) && !outputsIn(step).includes(output));
    },
  );
  const ofJobs = [...text.matchAll(/needs\.([\w-]+)\.outputs\.([\w-]+)/g)].filter(
    ([, job = '', output = '']) => !Object.hasOwn(jobs[job]?.outputs ?? {}, output),
  );
  return [...ofSteps, ...ofJobs].map(([whole]) => whole);
}

/** Foreign texts that an expression would put into a script. */
export function injections(step: Step): readonly string[] {
  return step.run?.match(/\$\{\{[^}]*\b(?:outputs|matrix|event|inputs)\b[^}]*\}\}/g) ?? [];
}

/** Names of the action's inputs, and of its outputs. */
export const declared = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
};
