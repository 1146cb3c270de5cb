/** Whether a model's labels are decoded by Viterbi, and with which biases. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import { ConfigReader } from '../../checkpoint/config-reader.ts';
import type { RunnableModel } from '../../runnable-model.ts';
import { CALIBRATION_FILE, operatingPointsOf, readCalibration } from '../../spans/calibration.ts';
import { saysWhereSpansEnd } from '../../spans/label-set.ts';
import type { TransitionBiases } from '../../spans/viterbi.ts';
import { labelsOf } from '../labels.ts';

/** What a model's files say of Viterbi. */
export class Calibration {
  /** Whether labels say where spans begin and end. */
  readonly isPossible: boolean;
  /** Whether the model is meant to be decoded so. */
  readonly isDefault: boolean;
  readonly labels: readonly string[];
  private readonly where: string;
  private readonly points: ReadonlyMap<string, TransitionBiases> | undefined;

  /** Errors: `MALFORMED_FILE`. */
  constructor({ model, settings }: RunnableModel, where: string) {
    const { config = {}, calibration } = settings;
    const names = new ConfigReader(config).object('id2label') ?? {};
    this.where = where;
    this.labels = labelsOf(config, Object.keys(names).length);
    this.isPossible = saysWhereSpansEnd(this.labels);
    this.isDefault = this.isPossible && (calibration !== undefined || model.family === 'privacy-filter');
    this.points =
      calibration &&
      new Map(operatingPointsOf(calibration).map((name) => [name, readCalibration(calibration, name)]));
  }

  /**
   * The biases of an operating point; zeros where there is no file of them. Errors: `INVALID_ARGUMENT` for a
   * name that the file does not have.
   */
  biases(name: string | undefined): TransitionBiases {
    const { where, points } = this;
    if (points === undefined) {
      if (name === undefined) return {};
      const message = `this model has no ${CALIBRATION_FILE}, so operatingPoint must be absent, got ${show(name)}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
    const biases = points.get(name ?? 'default');
    if (biases !== undefined) return biases;
    const message = `operatingPoint must be one of ${[...points.keys()].join(', ')}, got ${show(name ?? 'default')}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
}
