# frozen_string_literal: true

require 'puppet'
require_relative 'ini_text'

# What the types of settings in ini files and their providers have in common: a type for each file.
module PuppetX::Nfv::IniSetting
  # Body of a type: title section/key, property value, parameter secret.
  def self.define_type(type, file)
    type.instance_eval do
      ensurable

      newparam(:name, namevar: true) do
        desc "Section and key in #{file}, with a slash between."
        newvalues(%r{\S+/\S+})
      end

      newproperty(:value) do
        desc 'The value; of true and false, in any case, the first letter is written large.'
        munge do |value|
          text = value.to_s.strip
          text =~ /\A(true|false)\z/i ? text.capitalize : text
        end

        # one of these is called with one argument by newer releases, the other with two
        def is_to_s(value) # rubocop:disable Naming/PredicateName
          resource.secret? ? '[old secret redacted]' : value
        end

        def should_to_s(value)
          resource.secret? ? '[new secret redacted]' : value
        end
      end

      newparam(:secret, boolean: true) do
        desc 'Whether the value is kept out of the logs of Puppet.'
        newvalues(:true, :false)
        defaultto false
      end

      # a file that Puppet itself manages is there, with its owner and mode, before its settings
      autorequire(:file) { file }
    end
  end

  # Body of a provider.
  def self.define_provider(provider, file)
    provider.define_singleton_method(:file_path) { file }
    provider.extend(Listing)
    provider.send(:include, Editing)
  end

  # What stands in the file, for `puppet resource` and purging.
  module Listing
    def instances
      return [] unless File.exist?(file_path)

      ini = PuppetX::Nfv::IniText.new(File.read(file_path))
      ini.names.map do |section, key|
        new(name: "#{section}/#{key}", ensure: :present, value: ini.get(section, key))
      end
    end
  end

  # Changes to the file.
  module Editing
    def section
      resource[:name].split('/', 2).first
    end

    def setting
      resource[:name].split('/', 2).last
    end

    def separator
      '='
    end

    def file_path
      self.class.file_path
    end

    def exists?
      !value.nil?
    end

    def value
      read.get(section, setting)
    end

    def value=(_new)
      create
    end

    def create
      change { |ini| ini.set(section, setting, resource[:value]) }
    end

    def destroy
      change { |ini| ini.remove(section, setting) }
    end

    private

    def read
      PuppetX::Nfv::IniText.new(File.exist?(file_path) ? File.read(file_path) : '')
    end

    # A whole new file takes the place of the old one, with its owner and mode: no reader sees half of it, and no
    # secret is readable by more people than before.
    def change
      ini = read
      yield ini
      there = File.exist?(file_path)
      # a link stays one
      target = there ? File.realpath(file_path) : file_path
      new = "#{target}.puppet-#{Process.pid}"
      begin
        write(new, ini.to_s, there ? File.stat(target) : nil)
        File.rename(new, target)
      ensure
        File.unlink(new) if File.exist?(new)
      end
    end

    def write(path, text, old)
      File.open(path, File::WRONLY | File::CREAT | File::EXCL, 0o600) do |file|
        file.write(text)
        file.fsync
        if old
          file.chown(old.uid, old.gid) if Process.uid.zero?
          file.chmod(old.mode & 0o7777)
        end
      end
    end
  end
end
