"""Shows the marketplace to people: pages for visitors and workplaces, a client of the services' APIs."""
