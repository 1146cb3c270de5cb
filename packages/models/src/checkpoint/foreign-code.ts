/** Refuses models that are of another family than their config.json says: their numbers may mean anything. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Checkpoint } from './checkpoint.ts';
import { fieldOf } from './config-field.ts';
import { familyNames } from './family-names.ts';

const WHERE = 'models/load';

/**
 * Refuses a model that brings code of its own, or whose class is not of the family that its `model_type`
 * names. Errors: `UNSUPPORTED`.
 */
export function refuseForeignCode({ name, config }: Pick<Checkpoint, 'name' | 'config'>): void {
  const family = familyNames(config);
  const code = fieldOf(config, 'auto_map');
  const own = foreignCode(code, family?.code);
  if (own !== undefined) {
    const message = `${name} needs code of its own, which is not run here: its config.json has auto_map with ${show(own)}`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  const classes = fieldOf(config, 'architectures');
  if (family === undefined || !Array.isArray(classes)) return;
  const foreign: unknown = classes.find((own) => typeof own === 'string' && !family.classes.test(own));
  if (foreign === undefined) return;
  const type = show(fieldOf(config, 'model_type'));
  const message = `${name} is of another family than its model_type ${type} says: architectures must be of that family, got ${show(foreign)}`;
  throw new AttnError('UNSUPPORTED', WHERE, message);
}

/** The first name in `auto_map` of code that is not `computed` here; undefined where there is none. */
function foreignCode(code: unknown, computed: RegExp | undefined): unknown {
  if (typeof code !== 'object' || code === null) return undefined;
  return Object.values(code)
    .flat()
    .find((own) => typeof own !== 'string' || !computed?.test(own));
}
