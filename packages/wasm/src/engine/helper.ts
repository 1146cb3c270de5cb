/** The script of a helper thread, a worker of Node or of a browser: told which memory to serve, it does until told otherwise. */
import { serve, type Service } from './control.ts';

interface Port {
  onmessage?: ((event: { data: Service }) => void) | null;
  on?(event: 'message', listener: (service: Service) => void): void;
}

interface Host {
  readonly process?: { getBuiltinModule?(name: string): { parentPort: Port | null } | undefined };
}

const host = globalThis as Host;
const port: Port =
  host.process?.getBuiltinModule?.('node:worker_threads')?.parentPort ?? (globalThis as Port);

if (port.on) port.on('message', serve);
else port.onmessage = ({ data }) => serve(data);
