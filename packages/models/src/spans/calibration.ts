/** Biases of `viterbi` from the file of a checkpoint. */
import { AttnError, type JsonObject } from '@attn/core';
import { anObject, aString, checkArgument, show } from '@attn/core/backend';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import type { TransitionBiases } from './viterbi.ts';

/** The name of the file. */
export const CALIBRATION_FILE = 'viterbi_calibration.json';

/** The keys of the file by ours. */
const KEYS = {
  backgroundStay: 'transition_bias_background_stay',
  backgroundToStart: 'transition_bias_background_to_start',
  insideToContinue: 'transition_bias_inside_to_continue',
  insideToEnd: 'transition_bias_inside_to_end',
  endToBackground: 'transition_bias_end_to_background',
  endToStart: 'transition_bias_end_to_start',
} as const satisfies Record<keyof TransitionBiases, string>;

/**
 * The biases of an operating point of a `viterbi_calibration.json`, as privacy filters have it. All six must
 * be there. Errors: `MALFORMED_FILE`, `INVALID_ARGUMENT`.
 *
 * @example
 * const biases = readCalibration(JSON.parse(await readFile('viterbi_calibration.json', 'utf8')));
 */
export function readCalibration(json: JsonObject, operatingPoint = 'default'): Required<TransitionBiases> {
  checkArgument('models/readCalibration', 'operatingPoint', operatingPoint, aString);
  const points = objectIn(json, 'operating_points', CALIBRATION_FILE);
  const point = objectIn(points, operatingPoint, `${CALIBRATION_FILE}: operating_points`);
  const name = `${CALIBRATION_FILE}: ${operatingPoint}`;
  const reader = new ConfigReader(objectIn(point, 'biases', name), `${name}: biases`);
  const entries = Object.entries(KEYS).map(([key, field]): [string, number] => [
    key,
    reader.number(field, { least: -Infinity }),
  ]);
  return Object.fromEntries(entries) as Record<keyof typeof KEYS, number>;
}

/** The names of a calibration's operating points. Errors: `MALFORMED_FILE`. */
export function operatingPointsOf(json: JsonObject): readonly string[] {
  return Object.keys(objectIn(json, 'operating_points', CALIBRATION_FILE));
}

function objectIn(json: JsonObject, name: string, file: string): JsonObject {
  const value = new ConfigReader(json, file).field(name);
  if (anObject.test(value)) return value as JsonObject;
  throw new AttnError(
    'MALFORMED_FILE',
    'models/config',
    `${file}: ${name} must be an object, got ${show(value)}`,
  );
}
