"""Layers over sequences: a cell run over time, both directions, stacks, the recurrent decoder, the linear-chain CRF."""

from __future__ import annotations

from zoo.layers.attention import BahdanauAttention
from zoo.layers.attentive_decoder import AttentiveDecoder
from zoo.layers.bidirectional import Bidirectional
from zoo.layers.bridge import DenseBridge, LabelBridge, ZeroBridge
from zoo.layers.cell_layers import (
    GRU,
    LSTM,
    CellLayer,
    Elman,
    LayerNormLSTM,
    MinGRU,
    MinLSTM,
    PeepholeLSTM,
    SimpleRNN,
    SimplifiedGRU,
)
from zoo.layers.characters import CharacterBiRNN, CharacterCNN
from zoo.layers.crf import CRF, CRFLoss
from zoo.layers.decoder import Decoder
from zoo.layers.deep import Deep
from zoo.layers.group_normalization import GroupNormalization
from zoo.layers.one_hot import OneHot
from zoo.layers.ordinal import OrdinalLogits
from zoo.layers.pooling import SequencePooling
from zoo.layers.recurrent import Recurrent
from zoo.layers.regions import Regions
from zoo.layers.residual_encoder import residual_encoder
from zoo.layers.token_dropout import TokenDropout
from zoo.layers.word_ngrams import WordNGrams

__all__ = [
    "CRF",
    "GRU",
    "LSTM",
    "AttentiveDecoder",
    "BahdanauAttention",
    "Bidirectional",
    "CRFLoss",
    "CellLayer",
    "CharacterBiRNN",
    "CharacterCNN",
    "Decoder",
    "Deep",
    "DenseBridge",
    "Elman",
    "GroupNormalization",
    "LabelBridge",
    "LayerNormLSTM",
    "MinGRU",
    "MinLSTM",
    "OneHot",
    "OrdinalLogits",
    "PeepholeLSTM",
    "Recurrent",
    "Regions",
    "SequencePooling",
    "SimpleRNN",
    "SimplifiedGRU",
    "TokenDropout",
    "WordNGrams",
    "ZeroBridge",
    "residual_encoder",
]
