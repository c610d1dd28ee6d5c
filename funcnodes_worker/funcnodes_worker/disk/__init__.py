"""Files done right: whole or not at all (`atomic`), inside a folder (`inside`), of one owner (`lock`)."""
