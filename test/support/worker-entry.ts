import { serve } from "../../src/worker/serve.js";
import { testTasks } from "./worker-tasks.js";

serve(testTasks);
