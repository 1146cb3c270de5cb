/** A database on a server of PostgreSQL, by its URL. */
import { AttnError } from '@attn/core';
import type { Pool, PoolClient } from 'pg';
import type { ConstructorOptions } from 'pg-boss';
import type { Database, Session } from './database.ts';
import { passes, persist, readable } from './failures.ts';

/** Connections of a process for documents and searches; pg-boss has its own. */
const CONNECTIONS = 4;

/** Connections of pg-boss. */
const BOSS_CONNECTIONS = 3;

const CONNECT_TIMEOUT_MS = 10_000;

/** Opens the database of a server. Errors: `RUN_FAILED` (no answer, a wrong password). */
export async function openServer(url: string, onWarning: (message: string) => void): Promise<Database> {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'attn',
  });
  // A connection that breaks while nobody uses it: the next statement opens another.
  let isClosed = false;
  pool.on('error', (error) => {
    if (!isClosed) onWarning(`a connection of the store broke: ${error.message}`);
  });
  try {
    await persist(() => pool.query('SELECT 1'));
  } catch (error) {
    await pool.end();
    throw unreachable(url, error);
  }
  return {
    kind: 'server',
    ...sessionOf((sql, values) => persist(() => pool.query(sql, values))),
    transaction: (work) => persist(() => inTransaction(pool, work)),
    bossOptions: {
      connectionString: url,
      max: BOSS_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: 'attn jobs',
    } satisfies ConstructorOptions,
    close: () => {
      isClosed = true;
      return pool.end();
    },
  };
}

type Run = (sql: string, values?: unknown[]) => Promise<{ readonly rows: unknown[] }>;

function sessionOf(run: Run): Session {
  return {
    async query<R>(sql: string, values: readonly unknown[] = []) {
      return (await run(sql, [...values])).rows as R[];
    },
    async execute(sql) {
      await run(sql);
    },
  };
}

async function inTransaction<T>(pool: Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: unknown;
  const onError = (error: Error): void => void (broken = error); // without it, a lost connection ends the process
  client.on('error', onError);
  try {
    await client.query('BEGIN');
    const result = await work(sessionOf((sql, values) => client.query(sql, values)));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    if (passes(error)) broken ??= error;
    await rollback(client);
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken !== undefined); // a broken connection is closed
  }
}

async function rollback(client: PoolClient): Promise<void> {
  await client.query('ROLLBACK').catch(() => {}); // the server has done it when the connection is gone
}

function unreachable(url: string, error: unknown): AttnError {
  const { host, pathname } = new URL(url);
  const cause = readable(error);
  const reason = cause instanceof AttnError ? cause.sentence : String(cause);
  return new AttnError('RUN_FAILED', 'corpus/store', `could not open ${host}${pathname}: ${reason}`, {
    cause,
  });
}
