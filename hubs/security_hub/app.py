"""The security hub: who is who, and who may do what."""

from __future__ import annotations

from fastapi import FastAPI

from hubs.security_hub.accounts.tasks import ensure_first_administrator
from hubs.security_hub.apikeys.router import router as apikeys_router
from hubs.security_hub.apikeys.service import accept_api_keys
from hubs.security_hub.auth.router import router as auth_router
from hubs.security_hub.authorize.router import install_authorize_errors
from hubs.security_hub.authorize.router import router as authorize_router
from hubs.security_hub.base import outbox
from hubs.security_hub.bundles.router import router as bundles_router
from hubs.security_hub.clients.router import router as clients_router
from hubs.security_hub.clients.service import register_platform_clients
from hubs.security_hub.config.router import router as config_router
from hubs.security_hub.directory.router import router as directory_router
from hubs.security_hub.federation.router import router as federation_router
from hubs.security_hub.federation.service import open_remote_providers
from hubs.security_hub.feed.service import open_feed
from hubs.security_hub.flags.dependencies import open_evaluation_rate
from hubs.security_hub.flags.router import install_ofrep_errors
from hubs.security_hub.flags.router import router as flags_router
from hubs.security_hub.flags.service import open_flag_board
from hubs.security_hub.flags.tasks import write_flag_uses
from hubs.security_hub.keys.router import router as keys_router
from hubs.security_hub.keys.service import open_key_ring
from hubs.security_hub.keys.tasks import maintain_keys
from hubs.security_hub.oauth.router import install_oauth_errors
from hubs.security_hub.oauth.router import router as oauth_router
from hubs.security_hub.organisations.router import router as organisations_router
from hubs.security_hub.pages.router import install_page_errors
from hubs.security_hub.pages.router import router as pages_router
from hubs.security_hub.pages.service import open_pages
from hubs.security_hub.passwords.service import open_passwords
from hubs.security_hub.policy.inspection import open_inspection
from hubs.security_hub.policy.router import router as policy_router
from hubs.security_hub.policy.tasks import publish_platform_policies
from hubs.security_hub.roles.router import router as roles_router
from hubs.security_hub.roles.service import ensure_builtin_roles
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.signin.router import router as signin_router
from hubs.security_hub.signup.router import router as signup_router
from hubs.security_hub.throttle.service import open_throttle
from hubs.security_hub.tokens.service import open_mint
from hubs.security_hub.vault.service import open_vault
from shared.app import HubSpec, Resources, create_hub_app
from shared.outbox.relay import Relay
from shared.settings import HubSettings


def relay_outbox(resources: Resources) -> None:
    """Start sending what the transactions of this hub said."""
    relay = Relay(resources.engine, outbox, resources.bus, stop=resources.stop)
    relay.start()
    resources.stack.callback(relay.close)


SPEC = HubSpec(
    name="security",
    title="OpenPolicy security hub",
    routers=[
        keys_router,
        oauth_router,
        authorize_router,
        pages_router,
        signin_router,
        auth_router,
        signup_router,
        directory_router,
        roles_router,
        federation_router,
        clients_router,
        apikeys_router,
        config_router,
        bundles_router,
        policy_router,
        flags_router,
        organisations_router,
    ],
    start=[
        open_vault,
        open_key_ring,
        open_mint,
        accept_api_keys,
        open_passwords,
        open_throttle,
        open_feed,
        open_flag_board,
        open_evaluation_rate,
        open_inspection,
        open_pages,
        open_remote_providers,
        ensure_builtin_roles,
        register_platform_clients,
        ensure_first_administrator,
        publish_platform_policies,
        maintain_keys,
        write_flag_uses,
        relay_outbox,
    ],
    settings_class=SecuritySettings,
    mounts=[install_oauth_errors, install_page_errors, install_authorize_errors, install_ofrep_errors],
)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub."""
    return create_hub_app(SPEC, SecuritySettings.of(settings))
