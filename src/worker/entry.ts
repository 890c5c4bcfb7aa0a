/** The program of a worker; build/worker.mjs makes one text of it, which the library carries. */
import { serve } from "./serve.js";
import { tasks } from "./tasks.js";

serve(tasks);
