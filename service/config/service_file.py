"""The service's file, checked key by key before anything opens."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from drivers.api import ConfigError
from service.config.accounts_table import AccountsTable
from service.config.alerts_table import AlertsTable
from service.config.audit_table import AuditTable
from service.config.privacy_table import PrivacyTable
from service.config.recordings_table import RecordingsTable
from service.config.store_table import StoreTable
from service.config.table import Table
from service.config.validation_table import ValidationTable

CONFIG_VERSION: Literal[1] = 1


class ServiceConfig(Table):
    """The whole file; without one everything is as the defaults say."""

    config_version: Literal[1] = CONFIG_VERSION
    store: StoreTable = StoreTable()
    accounts: AccountsTable = AccountsTable()
    alerts: AlertsTable = AlertsTable()
    audit: AuditTable = AuditTable()
    privacy: PrivacyTable = PrivacyTable()
    recordings: RecordingsTable = RecordingsTable()
    validation: ValidationTable = ValidationTable()


def load_service_config(path: Path) -> ServiceConfig:
    """Return a checked configuration.

    Raises
    ------
    ConfigError : the file is missing or no TOML, or a key is wrong; names file, key and mend.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}: check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}: correct that line") from None
    version = tables.get("config_version")
    if version != CONFIG_VERSION:
        raise ConfigError(
            f"{path}: config_version is {version!r}, this lorryscan reads {CONFIG_VERSION}: "
            f"write 'config_version = {CONFIG_VERSION}' at the top, or use the matching release"
        )
    try:
        return ServiceConfig.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_words(error)}") from None


def _words(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()[:5]
    )
