/** What the routes of a server work with. */
import type { FastifyReply } from 'fastify';
import { badRequest, ApiError } from '../api-error.ts';
import type { Batcher } from '../batcher.ts';
import type { Settings } from '../options.ts';
import type { ServableModel } from '../served-model.ts';

/** A served model, and what runs it. */
export interface Service {
  readonly model: ServableModel;
  readonly settings: Settings;
  readonly batcher: Batcher;
}

/** A signal that is aborted when the client goes before its answer. */
export function signalOf({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => controller.abort());
  if (raw.destroyed) controller.abort();
  return controller.signal;
}

/** The `model` of a body. Any route may name it, and none must. */
export const MODEL_FIELD = { type: 'string' };

/** Errors: 404 for a model that is not served here. */
export function checkModelName({ name }: Pick<Settings, 'name'>, asked: string | undefined): void {
  if (asked === undefined || asked === name) return;
  const message = `there is no model ${JSON.stringify(asked)} here, only ${JSON.stringify(name)}`;
  throw new ApiError(404, message, { param: 'model', code: 'model_not_found' });
}

/** Errors: 400 for a list that is empty or too long. */
export function checkCount(param: string, count: number, { maxInputs }: Pick<Settings, 'maxInputs'>): void {
  if (count === 0) throw badRequest(param, `${param} must not be empty`);
  if (count > maxInputs)
    throw badRequest(param, `${param} must have at most ${maxInputs} entries, got ${count}`);
}
