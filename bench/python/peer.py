"""Peers in Python (PyTorch, SciPy): one process per peer, the line protocol of bench/support/peer.mjs."""
import json
import math
import os
import sys
import time

folder, settings = sys.argv[1], json.loads(sys.argv[2])


def say(answer):
    print(json.dumps(answer), flush=True)


def missing(what, remedy):
    say({"missing": what, "remedy": remedy})
    sys.exit(0)


who = "the Python of BNEM_PYTHON" if os.environ.get("BNEM_PYTHON") else "python3"

try:
    import numpy as np
except ImportError:
    missing(f"{who} has no numpy", "pip install numpy, or set BNEM_PYTHON to a Python that has it")

with open(os.path.join(folder, "case.json")) as file:
    case = {**json.load(file), **settings}
arrays = {name: np.fromfile(os.path.join(folder, f"{name}.f32"), dtype=np.float32) for name in case["arrays"]}


def import_torch():
    try:
        import torch
    except ImportError:
        missing(f"{who} cannot import torch", "pip install torch, or set BNEM_PYTHON to a Python that has it")
    torch.set_num_threads(case.get("threads", 1))
    return torch


def layers_of(torch):
    inputs, width, depth = case["inputs"], case["width"], case["depth"]
    flat = torch.from_numpy(arrays["parameters"].copy())
    out, begin = [], 0
    for at in range(depth + 1):
        rows, columns = (inputs if at == 0 else width), (1 if at == depth else width)
        matrix = flat[begin : begin + rows * columns].reshape(rows, columns).clone()
        begin += rows * columns
        out.append((matrix, flat[begin : begin + columns].clone()))
        begin += columns
    return out


def reference_model(torch):
    """nn.Sequential of Linear and SiLU, as such networks are usually written."""
    modules = []
    for matrix, bias in layers_of(torch):
        linear = torch.nn.Linear(*matrix.shape)
        linear.weight.data = matrix.t().contiguous()
        linear.bias.data = bias
        modules += [linear, torch.nn.SiLU()]
    return torch.nn.Sequential(*modules[:-1])


def reference_step(torch, x, target):
    model = reference_model(torch)
    adam = case["adam"]
    optimizer = torch.optim.Adam(model.parameters(), lr=adam["rate"], betas=(adam["beta1"], adam["beta2"]), eps=adam["epsilon"])
    points = x.clone().requires_grad_(case["loss"] == "double")

    def step():
        optimizer.zero_grad()
        if case["loss"] == "regression":
            loss = torch.nn.functional.mse_loss(model(points), target)
        else:
            (gradient,) = torch.autograd.grad(model(points).sum(), points, create_graph=True)
            loss = ((gradient - target) ** 2).sum(-1).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


class Careful:
    """Derivatives by hand without autograd, results into arrays kept between steps, one fused Adam over one flat vector."""

    def __init__(self, torch, x, target):
        self.torch, self.x, self.target = torch, x, target
        inputs, width, depth = case["inputs"], case["width"], case["depth"]
        self.depth, self.batch = depth, x.shape[0]
        self.flat = torch.from_numpy(arrays["parameters"].copy())
        self.gradient = torch.zeros_like(self.flat)
        self.p, self.g = self.cut(self.flat), self.cut(self.gradient)
        make = lambda: [torch.empty(self.batch, width) for _ in range(depth)]
        self.z, self.h, self.a, self.d, self.bar = make(), make(), make(), make(), make()
        self.work = torch.empty(self.batch, width)
        self.input = torch.empty(self.batch, inputs)
        parameter = torch.nn.Parameter(self.flat)
        parameter.grad = self.gradient
        adam = case["adam"]
        betas = (adam["beta1"], adam["beta2"])
        self.optimizer = torch.optim.Adam([parameter], lr=adam["rate"], betas=betas, eps=adam["epsilon"], fused=True)

    def cut(self, flat):
        out, begin = [], 0
        for matrix, bias in layers_of(self.torch):
            end = begin + matrix.numel()
            out.append((flat[begin:end].view(matrix.shape), flat[end : end + bias.numel()]))
            begin = end + bias.numel()
        return out

    def forward(self):
        torch, h = self.torch, self.x
        for at in range(self.depth):
            torch.addmm(self.p[at][1], h, self.p[at][0], out=self.z[at])
            h = torch.ops.aten.silu.out(self.z[at], out=self.h[at])
        return torch.addmm(self.p[-1][1], h, self.p[-1][0])

    def slope(self, dy, z, out):
        return self.torch.ops.aten.silu_backward.grad_input(dy, z, grad_input=out)

    def backward(self, added):
        """From bar of the last hidden layer down; `added`: the lower ones already hold something."""
        torch = self.torch
        for at in range(self.depth - 1, -1, -1):
            below = self.x if at == 0 else self.h[at - 1]
            matrix, bias = self.g[at]
            matrix.addmm_(below.t(), self.bar[at]) if added else torch.mm(below.t(), self.bar[at], out=matrix)
            torch.sum(self.bar[at], 0, out=bias)
            if at == 0:
                return
            torch.mm(self.bar[at], self.p[at][0].t(), out=self.work)
            if added:
                self.bar[at - 1].add_(self.slope(self.work, self.z[at - 1], self.work))
            else:
                self.slope(self.work, self.z[at - 1], self.bar[at - 1])

    def regression(self):
        torch = self.torch
        error = self.forward().sub_(self.target)
        loss = error.square().mean()
        error.mul_(2 / self.batch)
        torch.mm(self.h[-1].t(), error, out=self.g[-1][0])
        torch.sum(error, 0, out=self.g[-1][1])
        torch.mm(error, self.p[-1][0].t(), out=self.work)
        self.slope(self.work, self.z[-1], self.bar[-1])
        self.backward(False)
        return loss

    def double(self):
        torch, ones = self.torch, self.p[-1][0].t().expand(self.batch, -1)
        self.forward()
        for at in range(self.depth - 1, -1, -1):
            if at == self.depth - 1:
                self.a[at].copy_(ones)
            self.slope(self.a[at], self.z[at], self.d[at])
            torch.mm(self.d[at], self.p[at][0].t(), out=self.input if at == 0 else self.a[at - 1])
        error = self.input.sub_(self.target)
        loss = error.square().sum() / self.batch
        bar = error.mul_(2 / self.batch)
        for at in range(self.depth):
            torch.mm(bar.t(), self.d[at], out=self.g[at][0])
            reached = torch.mm(bar, self.p[at][0], out=self.bar[at])
            bar = self.slope(reached, self.z[at], self.work)
            s = torch.sigmoid(self.z[at])
            # s (1 - s) (2 + z (1 - 2 s))
            curvature = torch.addcmul(torch.full((), 2.0), self.z[at], 1 - 2 * s).mul_(s).mul_(1 - s)
            self.bar[at].mul_(self.a[at]).mul_(curvature)
        self.g[-1][0].copy_(bar.sum(0).unsqueeze(1))
        self.g[-1][1].zero_()
        self.backward(True)
        return loss

    def step(self):
        with self.torch.no_grad():
            loss = getattr(self, case["loss"])()
            self.optimizer.step()
        return loss.item()


def training_step():
    torch = import_torch()
    batch = case["batch"]
    x = torch.from_numpy(arrays["x"]).reshape(batch, -1)
    target = torch.from_numpy(arrays["target"]).reshape(batch, -1)
    version = f"torch {torch.__version__}, {torch.get_num_threads()} thread(s), {case['formulation']}"
    if case["formulation"] == "careful":
        return version, Careful(torch, x, target).step
    return version, reference_step(torch, x, target)


def score():
    torch = import_torch()
    x = torch.from_numpy(arrays["x"]).reshape(case["batch"], -1).requires_grad_(True)
    model = reference_model(torch)
    for parameter in model.parameters():
        parameter.requires_grad_(False)

    def step():
        (gradient,) = torch.autograd.grad(model(x).sum(), x)
        return math.sqrt(float(gradient.square().mean()))

    return f"torch {torch.__version__}, {torch.get_num_threads()} thread(s)", step


def estimator():
    torch = import_torch()
    means = torch.from_numpy(arrays["means"]).reshape(-1, 2)
    points = torch.from_numpy(arrays["points"]).reshape(case["rows"], 1, 2)
    std, sigma, count = case["std"], case["sigma"], case["mcSamples"]
    constant = math.log(len(means) * 2 * math.pi * std * std)
    torch.manual_seed(case["seed"])

    def reference():
        """torch.distributions, as the papers' code has it."""
        y = points + sigma * torch.randn(len(points), count, 2)
        mixture = torch.distributions.MixtureSameFamily(
            torch.distributions.Categorical(torch.ones(len(means)), validate_args=False),
            torch.distributions.Independent(torch.distributions.Normal(means, std, validate_args=False), 1, validate_args=False),
            validate_args=False,
        )
        return math.log(count) - torch.logsumexp(mixture.log_prob(y), -1)

    cx, cy = means[:, 0], means[:, 1]

    def careful():
        """Coordinates apart, in place, one exp per component."""
        y = torch.randn(len(points), count, 2).mul_(sigma).add_(points)
        squares = (y[..., :1] - cx).square_()
        squares.add_((y[..., 1:] - cy).square_()).mul_(-0.5 / (std * std))
        inner = torch.logsumexp(squares, -1)
        return math.log(count) + constant - torch.logsumexp(inner, -1)

    evaluate = careful if case["formulation"] == "careful" else reference

    def step():
        with torch.no_grad():
            return evaluate().tolist()

    return f"torch {torch.__version__}, {torch.get_num_threads()} thread(s), {case['formulation']}", step


def metric():
    try:
        import scipy
        from scipy.optimize import linear_sum_assignment
        from scipy.spatial.distance import cdist
    except ImportError:
        missing(f"{who} cannot import scipy", "pip install scipy, or set BNEM_PYTHON to a Python that has it")
    shape = (case["rows"], -1)
    a, b, gradient = (arrays[name].astype(np.float64).reshape(shape) for name in ("a", "b", "gradient"))

    def position_w2():
        cost = cdist(a, b, "sqeuclidean")
        return math.sqrt(cost[linear_sum_assignment(cost)].mean())

    def energy_w2():
        return math.sqrt(((np.sort(arrays["energiesA"].astype(np.float64)) - np.sort(arrays["energiesB"])) ** 2).mean())

    def ksd():
        """V-statistic with k = (1 + |x - y|^2 / l^2)^(-1/2), as the package defines it."""
        inverse = 1 / case["bandwidth"] ** 2
        r2 = cdist(a, a, "sqeuclidean") * inverse
        q2 = 1 / (1 + r2)
        # (g_j - g_i) . (x_i - x_j)
        own = (gradient * a).sum(-1)
        mixed = gradient @ a.T
        cross = mixed.T + mixed - own[None, :] - own[:, None]
        stein = np.sqrt(q2) * (gradient @ gradient.T + inverse * q2 * (cross + a.shape[1] - 3 * r2 * q2))
        return math.sqrt(stein.sum()) / len(a)

    compute = {"positionW2": position_w2, "energyW2": energy_w2, "ksd": ksd}[case["metric"]]
    return f"scipy {scipy.__version__}, numpy {np.__version__}", compute


def pair_network():
    torch = import_torch()
    import pair_networks

    return f"torch {torch.__version__}, {torch.get_num_threads()} thread(s)", pair_networks.pair_network(torch, case, arrays)


roles = {"trainingStep": training_step, "score": score, "estimator": estimator, "metric": metric, "pairNetwork": pair_network}
version, step = roles[case["role"]]()
say({"ready": True, "version": version})
for line in sys.stdin:
    ask = json.loads(line)
    if "profile" in ask:
        say({"profile": None})
        continue
    answer = {"ms": [], "cpuMs": [], "values": []}
    for _ in range(ask["steps"]):
        cpu, start = time.process_time(), time.perf_counter()
        value = step()
        answer["ms"].append(1e3 * (time.perf_counter() - start))
        answer["cpuMs"].append(1e3 * (time.process_time() - cpu))
        answer["values"].append(value)
    say(answer)
