import pytest


@pytest.fixture
def vector_file(tmp_path):
    """Writes bytes to a file and returns its path."""

    def write(content):
        path = tmp_path / "vectors"
        path.write_bytes(content)
        return path

    return write
