import io
import re

from PIL import Image

from zoo.decoding.captioned_image import Caption
from zoo.showing import ShownImage, captions_html, write_captions_html

FILE = io.BytesIO()
Image.new("RGB", (2, 2), "red").save(FILE, "PNG")
CAPTIONS = (Caption("it's <red> & \x1b[31m", -1.25), Caption("blue", -2.0))


def test_a_page_has_images_captions_and_references():
    page = captions_html(
        [ShownImage(FILE.getvalue(), CAPTIONS, ["\u05d0\u05d3\u05d5\u05dd"])], title="A & B", note="of it"
    )
    assert '<img src="data:image/png;base64,iVBORw0KGgo' in page
    assert 'alt="it&#x27;s &lt;red&gt; &amp; \ufffd[31m"' in page
    assert "<red>" not in page
    assert "\x1b" not in page
    assert "log P = -1.25" in page
    assert page.index("log P = -1.25") < page.index("log P = -2.00") < page.index("\u05d0\u05d3\u05d5\u05dd")
    assert "<h1>A &amp; B</h1>" in page
    assert "without a caption" not in page
    assert not re.search(r"https?://|<script", page)


def test_what_is_no_image_and_what_has_no_caption_is_said(tmp_path):
    write_captions_html(tmp_path / "new" / "page.html", [ShownImage(b"GIF89a", ()), ShownImage(FILE.getvalue(), ())])
    page = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert "(not an image)" in page
    assert page.count("(no caption)") == 2
    assert re.search(r"<dt>images without a caption</dt><dd>2</dd>", page)
    assert "There are no images." in captions_html([])
