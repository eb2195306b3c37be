import { hider } from '../../http/secrets.js';
import { HIDDEN } from '../../platform/errors.js';

/** Names of settings and options whose values are secret. */
const SECRET =
  /secret|token|passw|passphrase|passcode|pwd|credential|private|auth|key(?![a-z])|(?:^|[_-])(?:pass|pat|pin)(?:$|[_-])/i;

/** What is about a secret and none itself. */
const NO_SECRET =
  /(?:[_-](?:file|files|path|dir|directory|host|url|uri|endpoint|address|port|type|mode|method|storage|cache|provider|name|audience|scope|scopes|region|timeout|sec|seconds|ttl|duration|enabled)|key[_-]?id|authority|(?:^|[_-])author)$/i;

/** Values that would blot out half of a log and protect nothing. */
const TRIVIAL = /^(?:true|false|yes|no|on|off|none|auto|default|\d{1,6})$/i;
const SHORTEST = 4;

function isSecretName(name: string): boolean {
  return SECRET.test(name) && !NO_SECRET.test(name);
}

function isSecretValue(value: string): boolean {
  return value.trim().length >= SHORTEST && !TRIVIAL.test(value.trim());
}

/** The values of those settings whose names say that they are secret. */
export function secretSettings(env: Readonly<Record<string, string | undefined>>) {
  return Object.entries(env).flatMap(([name, value = '']) =>
    isSecretName(name) && isSecretValue(value) ? [value] : [],
  );
}

/** The secrets among arguments: `--client-secret VALUE`, `--client-secret=VALUE`, `SECRET=VALUE`. */
export function secretArguments(args: readonly string[]): readonly string[] {
  const values = args.flatMap((arg, i) => {
    const [, name = '', value] = /^-{0,2}([\w.-]{1,100})(?:=([\s\S]*))?$/.exec(arg) ?? [];
    if (!isSecretName(name)) return [];
    if (value !== undefined) return [value];
    // A flag takes the next argument, unless that is a flag of its own.
    const next = args[i + 1] ?? '';
    return arg.startsWith('-') && !/^--?[a-z]/i.test(next) ? [next] : [];
  });
  return values.filter(isSecretValue);
}

/** @returns a text without these secrets, in any of their forms, and without what looks like others */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  return withoutTokens(hider({ tokens: [], passwords: [...secrets] }).inProse(text));
}

/** Blots out whatever looks like a credential: tokens are long and mixed, or come after their name. */
function withoutTokens(text: string): string {
  return text
    .replace(/-----BEGIN [^-]*-----[^-]*(-----END [^-]*-----)?/g, HIDDEN)
    .replace(/:\/\/[^\s/@]*@/g, `://${HIDDEN}@`)
    .replace(/\b(bearer|basic)\s{1,8}[^\s"']+/gi, `$1 ${HIDDEN}`)
    .replace(
      /((?:token|secret|passw(?:or)?d|key|credential)s?["']?\s{0,8}[:=]\s{0,8}["']?)[^\s"']+/gi,
      `$1${HIDDEN}`,
    )
    .replace(
      /((?<![\w-])--[\w-]{0,40}(?:token|secret|passw(?:or)?d|key)\s{1,8})(?!-)[^\s"']+/gi,
      `$1${HIDDEN}`,
    )
    .replace(/\beyJ[\w-]+(\.[\w-]*){0,4}/g, HIDDEN)
    .replace(/[\w+/=-]{32,}/g, (run) => (/\d/.test(run) && /[a-z]/i.test(run) ? HIDDEN : run));
}
