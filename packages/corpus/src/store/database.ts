/**
 * A database that holds a corpus: PostgreSQL with pgvector. It is embedded in this process, with its files in
 * a folder, or a server. Everything above this file speaks the same SQL to both.
 */

/** Runs statements, one after another. */
export interface Session {
  /** Runs one statement and returns its rows. Values stand for `$1`, `$2`, … */
  query<R>(sql: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** Runs several statements that have no values. */
  execute(sql: string): Promise<void>;
}

/** An open database. */
export interface Database extends Session {
  /** `folder`: only this process has it open. `server`: any number of processes and machines may. */
  readonly kind: 'folder' | 'server';
  /**
   * Runs `work` in a transaction: all of it is written, or nothing. `work` runs again when the connection
   * breaks, so it must do nothing else.
   */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /**
   * How pg-boss reaches the same database: some of its `ConstructorOptions`. That type would be a part of our
   * own, and does not pass in projects that check those of their dependencies.
   */
  readonly bossOptions: object;
  /** Lets go of the database. */
  close(): Promise<void>;
}
