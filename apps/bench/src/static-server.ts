/** A web server of a folder's files, for this machine alone. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import sirv from 'sirv';

/** A server that is running. */
export interface StaticServer extends AsyncDisposable {
  /** The address of the folder, which ends in `/`. */
  readonly url: string;
}

/** Serves the files of a folder, also parts of them, until it is disposed. */
export async function serveFolder(folder: string): Promise<StaticServer> {
  const answer = sirv(folder);
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
