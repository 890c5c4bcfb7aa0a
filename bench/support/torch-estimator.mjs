/** The same estimator in PyTorch, one thread, where a Python with torch is found (BNEM_PYTHON, otherwise python3). */
import { spawnSync } from "node:child_process";

const script = `
import json, sys, time
import torch
torch.set_num_threads(1)
ask = json.load(sys.stdin)
means, std, K = torch.tensor(ask["means"]), ask["std"], ask["K"]
points = torch.tensor(ask["points"])
constant = float(torch.log(torch.tensor(float(len(means)) * 2 * 3.141592653589793 * std * std)))
def estimate(sigma):
    y = points[:, None, :] + sigma * torch.randn(len(points), K, 2)
    square = ((y[:, :, None, :] - means) ** 2).sum(-1)
    energy = constant - torch.logsumexp(-square / (2 * std * std), -1)
    return -torch.logsumexp(-energy, -1) + torch.log(torch.tensor(float(K)))
rows = {}
with torch.no_grad():
    for sigma in ask["sigmas"]:
        best = float("inf")
        for _ in range(6):
            start = time.perf_counter()
            estimate(sigma)
            best = min(best, time.perf_counter() - start)
        rows[str(sigma)] = best * 1e9 / (len(points) * K)
print(json.dumps({"version": torch.__version__, "ns": rows}))
`;

/** { version, ns by sigma } or { missing }. */
export function measureTorch(means, std, points, K, sigmas) {
  const python = process.env.BNEM_PYTHON ?? "python3";
  const input = JSON.stringify({ means, std, points, K, sigmas });
  const { status, stdout } = spawnSync(python, ["-c", script], { input, encoding: "utf8" });
  if (status !== 0)
    return { missing: `${python} cannot import torch: pip install torch, or set BNEM_PYTHON to a Python that has it` };
  return JSON.parse(stdout);
}
