/** Errors in the shape of OpenAI's API: `{ "error": { message, type, param, code } }`. */
import { STATUS_CODES } from 'node:http';
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';

/** The body of an answer that is an error. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** What an error says beside its sentence. */
export interface ApiErrorDetails {
  /** The field of the body that is wrong. */
  readonly param?: string;
  /** A stable code for programs. */
  readonly code?: string;
  /** Seconds after which it is worth trying again. */
  readonly retryAfter?: number;
}

/** An answer with an HTTP status of 400 or more. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly statusCode: number;
  readonly details: ApiErrorDetails;

  constructor(statusCode: number, message: string, details: ApiErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.statusCode = statusCode;
    this.details = details;
  }

  /** The body of the answer. */
  body(): ErrorBody {
    const { param = null, code = null } = this.details;
    return { error: { message: this.message, type: typeOf(this.statusCode), param, code } };
  }
}

/** An error whose client is at fault. */
export function badRequest(param: string, message: string, code?: string): ApiError {
  return new ApiError(400, message, { param, code });
}

/** What Fastify's own errors have. */
interface HttpError {
  readonly statusCode?: number;
  readonly code?: string;
  readonly validation?: readonly ValidationFault[];
}

/** A fault that the check of a body by its schema has found. */
interface ValidationFault {
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** The wrong value. */
  readonly data?: unknown;
}

/** Any error as an answer. What is nobody's fault but ours says nothing of its inside. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof AttnError) return ofAttn(error);
  if (!(error instanceof Error)) return internal(error);
  const { statusCode = 500, code, validation } = error as Error & HttpError;
  if (validation !== undefined) return ofSchema(validation[0]);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new ApiError(415, 'the body must be JSON: send the header content-type: application/json');
  }
  if (statusCode < 500) return new ApiError(statusCode, error.message, {}, { cause: error });
  return internal(error);
}

function ofAttn(error: AttnError): ApiError {
  const options = { cause: error };
  const code = error.code.toLowerCase();
  if (error.isInputError || error.code === 'UNSUPPORTED')
    return new ApiError(400, error.sentence, { code }, options);
  if (error.code === 'ABORTED') return new ApiError(499, 'the client has gone', { code }, options);
  if (error.code === 'OUT_OF_MEMORY')
    return new ApiError(503, 'the server has no memory left', { code, retryAfter: 5 }, options);
  return internal(error);
}

function ofSchema(fault: ValidationFault | undefined): ApiError {
  const { instancePath = '', message = 'must be right', params = {}, data } = fault ?? {};
  const { missingProperty, allowedValues } = params;
  if (typeof missingProperty === 'string')
    return badRequest(missingProperty, `${missingProperty} is required`, 'missing_required_parameter');
  const name = instancePath.slice(1).replaceAll('/', '.');
  const allowed = Array.isArray(allowedValues) ? `: ${allowedValues.join(', ')}` : '';
  return badRequest(name, `${name === '' ? 'the body' : name} ${message}${allowed}, got ${show(data)}`);
}

function internal(cause: unknown): ApiError {
  return new ApiError(500, 'the server could not compute this', { code: 'internal_error' }, { cause });
}

function typeOf(statusCode: number): string {
  if (statusCode === 401) return 'authentication_error';
  if (statusCode === 429) return 'rate_limit_error';
  return statusCode < 500 ? 'invalid_request_error' : 'server_error';
}

/** An answer as bytes, for connections whose request could not be read. */
export function rawAnswer(error: ApiError): string {
  const { statusCode } = error;
  const body = JSON.stringify(error.body());
  return [
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? 'Error'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
