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


networks = {"descriptor": descriptor}


def pair_network(torch, case, arrays):
    """Returns step(): the value, and the root mean square of the gradient in the parameters ("training") or in x ("inference")."""
    forward = networks[case["network"]](torch, case["options"])
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
