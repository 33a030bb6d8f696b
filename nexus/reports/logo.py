"""A logo from somebody's file: decoded within limits, and drawn anew as a small PNG, so that nothing else of the file stays."""

from io import BytesIO

from nexus.errors import BadInput, NexusError

MOST_BYTES = 2 * 1024 * 1024
MOST_PIXELS = 8_000_000
BOX = (1_000, 240)
"""Pixels that a logo has at most: more than a printer shows of it at the head of a page."""
KINDS = ("PNG", "JPEG")


class NotALogo(BadInput):
    message = "This is not a PNG or JPEG picture that can be read. Save the logo as PNG, and bring it again."


class LogoTooLarge(NexusError):
    message = f"A logo has at most {MOST_BYTES // 1024 // 1024} MB and {MOST_PIXELS // 1_000_000} million pixels. Make it smaller, and bring it again."
    status = 413


def drawn_anew(content: bytes) -> bytes:
    """The picture as PNG, at most `BOX` pixels large. Raises NotALogo, LogoTooLarge."""
    from PIL import Image, ImageOps

    if len(content) > MOST_BYTES:
        raise LogoTooLarge()
    try:
        # Only its head is read here, and tells the size.
        with Image.open(BytesIO(content), formats=KINDS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise LogoTooLarge()
            picture.draft("RGB", BOX)
            drawn = ImageOps.exif_transpose(picture).convert("RGBA")
        drawn.thumbnail(BOX)
        out = BytesIO()
        bare = Image.new("RGBA", drawn.size)
        bare.paste(drawn)
        bare.save(out, "PNG", optimize=True)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise LogoTooLarge() from None
    except NexusError:
        raise
    except Exception:
        # Decoders meet broken files with errors of many kinds, and none says more than that it is broken.
        raise NotALogo() from None
    return out.getvalue()
