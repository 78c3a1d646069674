"""JupyterHub as a site would have it, without the proxy in front of it."""
import os

from jupyterhub.proxy import Proxy


class NoProxy(Proxy):
    """The test talks to the hub itself."""

    should_start = False

    async def add_route(self, routespec, target, data):
        pass

    async def delete_route(self, routespec):
        pass

    async def get_all_routes(self):
        return {}


c = get_config()  # noqa: F821 (JupyterHub's)
directory = os.environ["HUB_DIRECTORY"]
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:8081"
c.JupyterHub.db_url = "sqlite:///" + directory + "/hub.sqlite"
c.JupyterHub.cookie_secret_file = directory + "/cookie_secret"
c.JupyterHub.authenticator_class = "jupyterhub.auth.PAMAuthenticator"
c.PAMAuthenticator.service = "webapp"
