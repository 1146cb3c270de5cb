/**
 * The script of a helper thread: it reports that it is ready, gets a memory to serve, and serves it until the
 * crew ends the service. No file of an application has the name of this one, because a bundle looks for it
 * beside itself.
 */
import { serve, type Service } from '../engine/control.ts';
import { parent } from '../engine/parent.ts';

const port = parent();
port.listen((service) => serve(service as Service));
port.post('ready');
