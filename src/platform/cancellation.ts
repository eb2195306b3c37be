/**
 * The first module of a step: until its handlers stand, a signal ends the process without outputs.
 * GitHub cancels a step by SIGINT, then SIGTERM, and kills it some seconds later.
 */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

const cancel = new AbortController();

/** A runner gives no arguments; a person at a terminal does, and signals end that process at once. */
export const isStep = process.argv.length <= 2;

/** Aborted when GitHub cancels the run. */
export const cancelled = cancel.signal;

if (isStep) for (const name of SIGNALS) process.on(name, () => cancel.abort());
