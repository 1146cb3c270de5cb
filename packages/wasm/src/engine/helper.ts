/** The script of a helper thread: told which memory to serve, it does until it is told otherwise. */
import { serve, type Service } from './control.ts';
import { parent } from './parent.ts';

parent().listen((service) => serve(service as Service));
