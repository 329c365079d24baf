"""The words a mapping chooses from, each with what it means to the person who chooses."""

from __future__ import annotations

from django.db.models import TextChoices


class Layout(TextChoices):
    """What one line is."""

    MOVEMENTS = "movements", "One line per movement, with gross, fee and net"
    PAYOUTS = "payouts", "One line per payout"


class FileFormat(TextChoices):
    AUTO = "auto", "Find out"
    CSV = "csv", "Text with delimiters (CSV)"
    XLSX = "xlsx", "Workbook (XLSX)"


class Encoding(TextChoices):
    """`auto` reads UTF-8 and whatever says by its mark that it is UTF-16; anything else is declared, never guessed."""

    AUTO = "auto", "UTF-8, or UTF-16 with its mark"
    UTF8 = "utf-8", "UTF-8"
    UTF16 = "utf-16", "UTF-16"
    UTF16LE = "utf-16-le", "UTF-16, little end first"
    UTF16BE = "utf-16-be", "UTF-16, big end first"
    LATIN1 = "latin-1", "Latin-1 (ISO 8859-1)"
    CP1252 = "cp1252", "Windows-1252"


class Delimiter(TextChoices):
    AUTO = "auto", "Find out"
    COMMA = ",", "Comma ,"
    SEMICOLON = ";", "Semicolon ;"
    TAB = "tab", "Tab"
    PIPE = "|", "Bar |"


class DecimalMark(TextChoices):
    """`auto` refuses what two readings fit, such as 1,234."""

    AUTO = "auto", "Find out; what is ambiguous is refused"
    POINT = ".", "Point: 1234.50"
    COMMA = ",", "Comma: 1234,50"


class ThousandsMark(TextChoices):
    NONE = "", "None: 1234"
    COMMA = ",", "Comma: 1,234"
    POINT = ".", "Point: 1.234"
    SPACE = " ", "Space: 1 234"
    APOSTROPHE = "'", "Apostrophe: 1'234"


class Units(TextChoices):
    MAJOR = "major", "In the currency: 12.50"
    MINOR = "minor", "In its smallest unit: 1250"


class Signs(TextChoices):
    """Whose view the signs of gross and net take."""

    MERCHANT = "merchant", "As the merchant sees it: a refund is negative"
    GATEWAY = "gateway", "As the gateway sees it: a refund is positive"
    BY_TYPE = "by_type", "No signs: the type says it"
    BY_MARKER = "by_marker", "No signs: a debit/credit column says it"


class FeeSign(TextChoices):
    POSITIVE = "positive", "A fee is written as a positive amount"
    NEGATIVE = "negative", "A fee is written as a negative amount"


class PayoutSign(TextChoices):
    NEGATIVE = "negative", "Money paid to the bank is negative"
    POSITIVE = "positive", "Money paid to the bank is positive"


class DateForm(TextChoices):
    """`auto` reads the forms that allow one reading only; 11/12/2026 must be declared."""

    AUTO = "auto", "2026-11-20, 20.11.2026 or 20261120"
    YEAR_FIRST = "ymd", "Year first: 2026-11-20, 2026/11/20"
    DAY_FIRST = "dmy", "Day first: 20.11.2026, 20/11/2026"
    MONTH_FIRST = "mdy", "Month first: 11/20/2026"
    COMPACT = "compact", "Without marks: 20261120"


class UnknownWords(TextChoices):
    REFUSE = "refuse", "Refuse the file"
    OTHER = "other", "Keep the line as “other”"
