# frozen_string_literal: true

Puppet::Type.type(:proxy_api_paste_ini).provide(:ini_setting) do
  desc 'Edits /etc/proxy/api-proxy-paste.ini in place.'
  PuppetX::Nfv::IniSetting.define_provider(self, '/etc/proxy/api-proxy-paste.ini')
end
