"""What a training step must not hold if a TPU is to run it, and why.

A TPU runs what XLA has compiled, whole: no operation of a step can go back to the host. What its compiler takes is in
Cloud TPU's list of available TensorFlow operations, and in that of `tf2xla`. Whatever compiles for a CPU under
`jit_compile=True` is in them, but for what is named here: some of it has a kernel for the CPU alone, and some compiles
to shapes that depend on values.
"""

import re

import tensorflow as tf

_HOST = "Python and files are the host's"
_STRINGS = "there are no strings on a TPU: texts become numbers in tf.data"
_TABLES = "a look-up table is the host's: texts become numbers in tf.data"
_SHAPES = "the shape of what it returns depends on values"
_RANDOM = "its state is the host's: random numbers come from stateless operations"
_NESTED = "it is a call of a library or of another compilation"

# Regular expressions, of the whole name.
REFUSED = {
    r"(Eager)?PyFunc(Stateless)?|XlaHostCompute|XlaSendToHost|XlaRecvFromHost|_Xla(Send|Recv).*": _HOST,
    r"ReadFile|WriteFile|MatchingFiles|.*Summary.*|Iterator.*|.*Dataset.*|Optional.*|Decode(Jpeg|Png|Image).*": _HOST,
    r"Print(V2)?|Assert|Timestamp|CheckNumerics(V2)?|DebugIdentity.*": "it talks to a person, on the host",
    r"String.*|AsString|Regex.*|StaticRegex.*|Unicode.*|Substr|ReduceJoin|Encode.*|.*Hash(Bucket).*": _STRINGS,
    r"(Mutable)?(Dense)?HashTable(V2)?|LookupTable.*|InitializeTable.*|AnonymousHashTable.*|.*Vocab.*": _TABLES,
    r"Where|Unique(WithCounts)?(V2)?|ListDiff|SetDiff1d|DynamicPartition|Bincount|DenseBincount": _SHAPES,
    r"NonMaxSuppression(V2|V3|V5)?|Sparse(?!SoftmaxCrossEntropyWithLogits).*|Ragged.*|.*RaggedTensor.*": _SHAPES,
    r"TensorListConcat(V2)?|TensorListGather|Multinomial|ParameterizedTruncatedNormal": _SHAPES,
    r"Random.*|TruncatedNormal": _RANDOM,
    r"Cudnn.*|XlaLaunch.*|XlaRunGraph.*|BlockLSTM.*|GRUBlockCell.*|MklX?.*|_Mkl.*|_Fused.*": _NESTED,
}

# Of a computation before XLA optimises it: what leaves the device, and dimensions that are only bounded, "s32[<=5]".
# (That a dimension is set to its own size, for `tf.ensure_shape`, is there as well: the type stays a static one.)
_LEAVES_THE_DEVICE = r"\b(infeed|outfeed|send|recv|custom-call)\b(?=\()"
_DYNAMIC = r"\[[^\]]*<=[^\]]*\]"


def refused(function: "tf.types.experimental.ConcreteFunction") -> dict[str, str]:
    """Returns the operations of a function, and of all that it calls, that a TPU refuses, each with the reason."""
    found = {}
    for node in nodes(function):
        types = {value for attribute in node.attr.values() for value in (attribute.type, *attribute.list.type)}
        if tf.string.as_datatype_enum in types:
            found[f"{node.op} {node.name}"] = _STRINGS
        for names, reason in REFUSED.items():
            if re.fullmatch(names, node.op):
                found[f"{node.op} {node.name}"] = reason
        if node.attr["_XlaMustCompile"].b and node.op in ("PartitionedCall", "StatefulPartitionedCall"):
            found[f"{node.op} {node.name}"] = _NESTED
    return found


def nodes(function: "tf.types.experimental.ConcreteFunction") -> list:
    """Returns the nodes of a function's graph and of all functions that can be reached from it."""
    graph = function.graph.as_graph_def()
    functions = {each.signature.name: each for each in graph.library.function}
    waiting, called, found = list(graph.node), set(), []
    while waiting:
        node = waiting.pop()
        found.append(node)
        names = {node.op}
        for attribute in node.attr.values():
            names |= {attribute.func.name, *(each.name for each in attribute.list.func)}
        for name in (names & functions.keys()) - called:
            called.add(name)
            waiting += functions[name].node_def
    return found


def refused_in_hlo(text: str) -> set[str]:
    """Returns what of a computation, as XLA writes it, is not for the device alone, or has no static shape."""
    return {match.group(0) for match in re.finditer(f"{_LEAVES_THE_DEVICE}|{_DYNAMIC}", text)}
