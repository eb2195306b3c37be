import { evaluate } from '../core/filters/filter.js';
import type { ApplicationResult, Change } from '../core/result/vocabulary.js';
import type { Inputs } from '../inputs/types.js';

export type FieldInputs = Pick<
  Inputs,
  'fields' | 'filters' | 'changes' | 'liveEvidence' | 'applicationNamespace'
>;

/** By Application key. */
export type Results = ReadonlyMap<string, ApplicationResult>;

/** Why fields are not known, and what helps; empty: nothing does. */
export interface Trouble {
  readonly message: string;
  readonly remedy: string;
}

/** What was found so far, to be added to. */
export interface Finding {
  readonly told: Map<string, ApplicationResult>;
  readonly troubles: Trouble[];
}

/** Updated resources of which someone asks for the fields. */
export function asksAbout(inputs: FieldInputs, change: Change): boolean {
  if (change.change !== 'updated' || inputs.fields === 'off') return false;
  return inputs.fields !== 'auto' || isFilteredByFields(inputs, change);
}

function isFilteredByFields(
  { filters, changes, applicationNamespace }: FieldInputs,
  change: Change,
): boolean {
  return filters.some(({ fields, image: _image, ...others }) => {
    return fields && evaluate(others, [change], changes, { applicationNamespace }).length > 0;
  });
}
