/** Answers of the hub that are refusals, as errors that say what to do. */
import { AttnError } from '@attn/core';
import { WHERE } from './names.ts';

/** What was asked for, for the sentence of an error. */
export interface Question {
  /** The id of the model. */
  readonly id: string;
  /** The revision or the file that was asked for: `the revision "v2"`. Default: the model itself. */
  readonly what?: string;
  readonly hubUrl: string;
  /** Whether the request had an access token. */
  readonly hasToken: boolean;
}

/** Longest reason of the hub that is repeated, in characters. */
const REASON_LENGTH = 200;

/**
 * The error of an answer whose status says no: `FILE_NOT_FOUND` (nothing there, or nothing that is public),
 * `INVALID_ARGUMENT` (no permission), `TIMEOUT` (the hub is busy).
 */
export function statusError(response: Response, question: Question): AttnError {
  const { status, headers } = response;
  const { id, hubUrl, hasToken } = question;
  const errorCode = headers.get('X-Error-Code');
  const place = question.what === undefined ? id : `${question.what} of ${id}`;
  const refusal = `the hub refused ${place} with status ${status}${reasonOf(headers)}`;
  const error = (code: AttnError['code'], message: string): AttnError => new AttnError(code, WHERE, message);

  if (status === 429 || status >= 500) return error('TIMEOUT', `${refusal}; try again later`);
  if (status === 401 || status === 403) {
    if (errorCode === 'GatedRepo') {
      const message =
        `${id} is gated: accept its terms at ${hubUrl}/${id}, then pass the option accessToken` +
        (hasToken ? ' of the account that accepted them' : '');
      return error('INVALID_ARGUMENT', message);
    }
    if (hasToken) {
      return error(
        'INVALID_ARGUMENT',
        `${refusal}; pass the option accessToken of an account that may read this model`,
      );
    }
    const message = `there is no public ${id} on ${hubUrl}; if the model is private or gated, pass the option accessToken`;
    return error('FILE_NOT_FOUND', message);
  }
  if (status === 404) {
    const isPart = errorCode === 'RevisionNotFound' || errorCode === 'EntryNotFound';
    const isModel = errorCode === 'RepoNotFound' || question.what === undefined;
    const missing = isPart ? place : isModel ? id : `${id}, or no ${question.what} of it,`;
    return error('FILE_NOT_FOUND', `there is no ${missing} on ${hubUrl}`);
  }
  return error('INVALID_ARGUMENT', refusal);
}

/** The hub's reason, as one short line. */
function reasonOf(headers: Headers): string {
  const reason = (headers.get('X-Error-Message') ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return reason === '' ? '' : `: ${reason.slice(0, REASON_LENGTH)}`;
}
