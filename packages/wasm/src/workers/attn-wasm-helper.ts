/**
 * The script of a helper thread: it says that it is there, is told which memory to serve, and does so until
 * it is told otherwise. Its file has a name that no application has, because an application's bundle looks
 * for it beside itself.
 */
import { serve, type Service } from '../engine/control.ts';
import { parent } from '../engine/parent.ts';

const port = parent();
port.listen((service) => serve(service as Service));
port.post('ready');
