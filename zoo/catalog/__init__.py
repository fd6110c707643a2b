"""The named recipes. Each module registers its recipes when imported; none loads TensorFlow."""

from zoo.catalog import captioning as captioning
from zoo.catalog import dialogue as dialogue
from zoo.catalog import imdb as imdb
from zoo.catalog import language as language
from zoo.catalog import ner as ner
