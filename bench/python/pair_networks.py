"""Networks of particle systems in PyTorch, the same functions as in src/networks: forward(pieces, x, variance) -> energies [n]."""
import math

EPSILON_SQUARED = 1e-4


def descriptor(torch, o):
    """src/networks/descriptor.ts; every pair once, sums over neighbors as products with the incidence matrix."""
    count, dim = o["count"], o["spatialDim"]
    scalars, vectors, tensors, radial, levels = o["scalars"], o["vectors"], o["tensors"], o["radial"], o["levels"]
    first, second = torch.triu_indices(count, count, 1)
    touches = torch.zeros(count, len(first))
    touches[first, torch.arange(len(first))] = 1
    signed = touches.clone()
    touches[second, torch.arange(len(first))] = 1
    signed[second, torch.arange(len(first))] = -1
    centers = torch.arange(radial, dtype=torch.float32) - 1
    low = math.log(o["sigmaMin"])
    spacing = (math.log(o["sigmaMax"]) - low) / (levels - 1)
    places = torch.arange(levels, dtype=torch.float32)
    axes = [(a, b) for a in range(dim) for b in range(a, dim)]
    times = torch.tensor([1.0 if a == b else 2.0 for a, b in axes]).reshape(1, -1, 1, 1)

    def noise(variance):
        square = (variance / o["scale"] ** 2).reshape(-1, 1)
        shrink = 1 / (o["scale"] * torch.sqrt(1 + square / o["noiseLength"] ** 2))
        strength = o["outputScale"] * torch.sqrt(square / (square + o["smallSigma"] ** 2))
        place = (0.5 * torch.log(square.clamp(o["sigmaMin"] ** 2, o["sigmaMax"] ** 2)) - low) / spacing
        bumps = torch.exp(-0.5 * (place - places) ** 2)
        return shrink, strength, bumps / bumps.sum(1, keepdim=True)

    def splines(r):
        away = (r.unsqueeze(-1) * (radial / o["cutoff"]) - centers).abs()
        wide, narrow = (2 - away).clamp_min(0), (1 - away).clamp_min(0)
        return (wide**3 - 4 * narrow**3) / 6

    def describe(y, w):
        d = y[:, first] - y[:, second]
        r = torch.sqrt((d * d).sum(-1) + EPSILON_SQUARED)
        u = d / r.unsqueeze(-1)
        f = torch.matmul(splines(r), w)
        parts = [touches @ f[..., :scalars]]
        if vectors:
            moved = f[..., None, scalars : scalars + vectors] * u.unsqueeze(-1)
            parts.append((signed @ moved.flatten(2)).unflatten(2, (dim, vectors)).square().sum(2))
        if tensors:
            trace = (u * u).sum(-1) / dim
            t = torch.stack([u[..., a] * u[..., b] - (trace if a == b else 0) for a, b in axes], -1)
            bent = f[..., None, scalars + vectors :] * t.unsqueeze(-1)
            sums = (touches @ bent.flatten(2)).unflatten(2, (len(axes), tensors))
            parts.append((sums.square() * times.reshape(1, 1, -1, 1)).sum(2))
        return torch.cat(parts, -1)

    def forward(pieces, x, variance):
        shrink, strength, weights = noise(variance)
        w = (weights @ pieces[0]).reshape(-1, radial, scalars + vectors + tensors)
        y = (x * shrink).reshape(len(x), count, dim)
        h = torch.cat([describe(y, w), weights.unsqueeze(1).expand(len(x), count, levels)], -1)
        h = torch.nn.functional.silu(torch.nn.functional.linear(h, pieces[1].t(), pieces[2]))
        for at in range(3, len(pieces) - 3, 2):
            h = h + torch.nn.functional.silu(torch.nn.functional.linear(h, pieces[at].t(), pieces[at + 1]))
        each = torch.nn.functional.linear(h, pieces[-3].t(), pieces[-2])
        return ((each.sum((1, 2)).unsqueeze(1) + weights @ pieces[-1]) * strength).squeeze(1)

    return forward


def egnn(torch, o, published=False):
    """
    src/networks/egnn.ts. The first layer of the edges by its parts, sums over neighbors as sums over an axis, no gather; `published`: indexed rows, joined
    features and sums by index for every edge.
    """
    dim, depth, silu, linear = o["spatialDim"], o["depth"], torch.nn.functional.silu, torch.nn.functional.linear
    low = math.log(o["sigmaFloor"])
    span = math.log(o["sigmaTop"]) - low

    def layer(x, take):
        return linear(x, take().t(), take())

    def dense_round(take, u, h, start):
        rows, count = u.shape[:2]
        first, second, lengths, bias = take(), take(), take(), take()
        d = u[:, :, None] - u[:, None]
        square = (d * d).sum(-1, keepdim=True)
        z = linear(h, first.t(), bias)[:, :, None] + linear(h, second.t())[:, None] + square * lengths[0] + start * lengths[1]
        m = silu(layer(silu(z), take))
        others = 1 - torch.eye(count).reshape(1, count, count, 1)
        m = m * (torch.sigmoid(layer(m, take)) * others)
        pull = torch.tanh(linear(silu(layer(m, take)), take().t())) * (o["range"] / depth)
        return d / (torch.sqrt(square + 1e-8) + 1), pull, m.sum(2), lambda steps: steps.sum(2)

    def edge_round(take, u, h, start):
        rows, count = u.shape[:2]
        pairs = torch.tensor([(i, j) for i in range(count) for j in range(count) if i != j])
        to, source = ((torch.arange(rows)[:, None] * count + pairs[:, at]).reshape(-1) for at in (0, 1))
        points, nodes = u.reshape(rows * count, dim), h.reshape(rows * count, -1)
        first, second, lengths, bias = take(), take(), take(), take()
        d = points[to] - points[source]
        square = (d * d).sum(-1, keepdim=True)
        joined = torch.cat([nodes[to], nodes[source], square, start.reshape(-1, 1)], 1)
        m = silu(layer(silu(linear(joined, torch.cat([first, second, lengths]).t(), bias)), take))
        m = m * torch.sigmoid(layer(m, take))
        pull = torch.tanh(linear(silu(layer(m, take)), take().t())) * (o["range"] / depth)
        added = lambda values: torch.zeros(rows * count, values.shape[1]).index_add(0, to, values).reshape(rows, count, -1)
        return d / (torch.sqrt(square + 1e-8) + 1), pull, added(m), added

    def starting(u):
        square = (u[:, :, None] - u[:, None]).square().sum(-1)
        if not published:
            return square.unsqueeze(-1)
        count = u.shape[1]
        return square.flatten(1)[:, 1:].reshape(len(u), count - 1, count + 1)[:, :, :-1]

    def forward(pieces, x, variance):
        at = iter(pieces)
        take = lambda: next(at)
        start_u = (x / o["scale"]).reshape(len(x), -1, dim)
        sigma = torch.sqrt(variance) / o["scale"]
        t = (torch.log(sigma.clamp_min(o["sigmaFloor"])) - low) / span
        h = layer(t.reshape(-1, 1, 1).expand(len(x), start_u.shape[1], 1), take)
        u, start = start_u, starting(start_u)
        for _ in range(depth):
            direction, pull, sums, total = (edge_round if published else dense_round)(take, u, h, start)
            u = u + total(direction * pull)
            h = h + layer(silu(layer(torch.cat([h, sums], -1), take)), take)
        v = u - start_u
        v = v - v.mean(1, keepdim=True)
        lengths = torch.sqrt(v.square().sum(-1) + 1e-6) - 1e-3
        return (lengths - layer(h, take).squeeze(-1)).sum(1)

    return forward


networks = {"descriptor": descriptor, "egnn": egnn}


def pair_network(torch, case, arrays):
    """Returns step(): the value, and the root mean square of the gradient in the parameters ("training") or in x ("inference")."""
    published = {"published": True} if case.get("formulation") == "published" else {}
    forward = networks[case["network"]](torch, case["options"], **published)
    x = torch.from_numpy(arrays["x"]).reshape(case["batch"], -1)
    variance, weight = torch.from_numpy(arrays["variance"]), torch.from_numpy(arrays["weight"])
    pieces, begin = [], 0
    for shape in case["shapes"]:
        size = math.prod(shape)
        pieces.append(torch.from_numpy(arrays["parameters"][begin : begin + size].copy()).reshape(shape))
        begin += size

    def training():
        loss = (forward(pieces, x, variance) * weight).sum()
        gradients = torch.autograd.grad(loss, pieces)
        return [loss.item(), math.sqrt(sum(g.square().sum().item() for g in gradients) / begin)]

    def inference():
        energy = forward(pieces, x, variance)
        (gradient,) = torch.autograd.grad(energy.sum(), x)
        return [energy.detach().sum().item(), math.sqrt(gradient.square().mean().item())]

    if case["task"] == "training":
        for piece in pieces:
            piece.requires_grad_(True)
        return training
    x.requires_grad_(True)
    return inference
