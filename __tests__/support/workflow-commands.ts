/** A line that the runner takes as an order and not as text. */
export interface WorkflowCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** `::name key=value,…::message`, with the runner's escapes undone; undefined: plain text. */
export function parseCommand(line: string): WorkflowCommand | undefined {
  const match = /^\s*::([a-z-]+)(?: (.*?))?::(.*)$/.exec(line);
  if (!match) return undefined;
  const [, name = '', properties = '', message = ''] = match;
  const pairs = properties.split(',').filter(Boolean);
  return {
    name,
    properties: Object.fromEntries(
      pairs.map((pair) => {
        const at = pair.indexOf('=');
        const value = pair
          .slice(at + 1)
          .replaceAll('%3A', ':')
          .replaceAll('%2C', ',');
        return [pair.slice(0, at), unescapeData(value)];
      }),
    ),
    message: unescapeData(message),
  };
}

function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

/** All workflow commands of a log, in order. */
export function commandsOf(stdout: string): readonly WorkflowCommand[] {
  return stdout.split(/\r?\n/).flatMap((line) => parseCommand(line) ?? []);
}

const MARKS: Readonly<Record<string, readonly [mark: string, colour: string]>> = {
  error: ['✖ Error', '31'],
  warning: ['⚠ Warning', '33'],
  notice: ['ℹ Notice', '36'],
};

/**
 * Turns a log, line by line, into what a person sees on the run's page: groups as headings,
 * annotations with their marks, secrets as stars, debug messages not at all.
 * @returns the line to show; undefined: nothing
 */
export function renderer(colours: boolean): (line: string) => string | undefined {
  const secrets = new Set<string>();
  let indent = '';
  const paint = (text: string, colour: string): string =>
    colours ? `\u001b[${colour}m${text}\u001b[0m` : text;
  const show = (text: string): string => {
    let shown = text;
    for (const secret of secrets) shown = shown.replaceAll(secret, '***');
    return shown.replaceAll(/^/gm, indent);
  };
  return (line) => {
    const command = parseCommand(line);
    if (!command) return show(line);
    const { name, message, properties } = command;
    const [mark, colour] = MARKS[name] ?? [];
    if (mark && colour) {
      const title = properties.title ? `${properties.title}: ` : '';
      return paint(show(`${mark}: ${title}${message}`), colour);
    }
    if (name === 'group') {
      const heading = paint(show(`▸ ${message}`), '1');
      indent = '  ';
      return heading;
    }
    if (name === 'endgroup') indent = '';
    if (name === 'add-mask' && message !== '') secrets.add(message);
    return undefined;
  };
}
